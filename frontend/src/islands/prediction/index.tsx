import { mount } from "../../ui/mount.tsx";
import { Prediction } from "./Prediction.tsx";

mount("prediction", Prediction);
