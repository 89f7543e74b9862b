export { codePoints, FoldTable, fold, parseFoldTable, TEXT_VERSION, words } from "./text.ts";
