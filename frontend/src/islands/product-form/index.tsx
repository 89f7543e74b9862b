import { mount } from "../../ui/mount.tsx";
import { ProductForm } from "./ProductForm.tsx";

mount("product-form", ProductForm);
