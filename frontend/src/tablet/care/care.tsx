// The chunk of the screens about the work itself: what waits for a person, and what waits here.
import "../screens.css";
import "./care.css";

export { Changes } from "./Changes.tsx";
export { Nobody } from "./Nobody.tsx";
export { Notices } from "./Notices.tsx";
export { Ready, ReadyLine } from "./Ready.tsx";
export { Review } from "./Review.tsx";
export { SignOutDialog } from "./SignOut.tsx";
