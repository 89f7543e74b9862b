import { mount } from "../../ui/mount.tsx";
import { Review } from "./Review.tsx";

mount("review", Review);
