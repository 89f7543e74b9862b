import "./shelfmark.css";

const SEPARATOR = " > ";

/** The whole path of a category, its own name last and strongest. */
export function CategoryPath({ path }: { path: string }) {
  const cut = path.lastIndexOf(SEPARATOR);
  return cut < 0 ? (
    <span className="path">
      <b>{path}</b>
    </span>
  ) : (
    <span className="path">
      {path.slice(0, cut + SEPARATOR.length)}
      <b>{path.slice(cut + SEPARATOR.length)}</b>
    </span>
  );
}
