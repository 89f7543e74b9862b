// The chunk of the screens about products.
import "../screens.css";
import "./work.css";

export { EditProduct as EditScreen, NewProduct as NewScreen } from "./Editing.tsx";
export { Home } from "./Home.tsx";
export { ProductView as ProductScreen } from "./ProductView.tsx";
