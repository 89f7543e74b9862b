import { mount } from "../../ui/mount.tsx";
import { showLocalTimes } from "./facts.ts";
import { Prediction } from "./Prediction.tsx";

mount("prediction", Prediction);
showLocalTimes(document);
