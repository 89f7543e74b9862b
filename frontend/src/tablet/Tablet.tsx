import { useScanning } from "../scan/act.ts";
import type * as Care from "./care/care.tsx";
import { Account, ConnectionLine, Log, Places, useChunk } from "./Frame.tsx";
import { Link } from "./parts.tsx";
import { HOME, routeOf, usePath } from "./router.ts";
import { Screen } from "./screens.tsx";
import { useWho } from "./who.ts";

/** The whole tablet: the same frame everywhere, and a screen for each address. */
export function Tablet() {
  const who = useWho();
  const care = useChunk(() => import("./care/care.tsx"));
  const Scanned = useScanning();
  const known = who.state === "known" ? who : null;
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="top">
        <div className="bar">
          <Link className="brand" to={HOME}>
            <Mark /> Shelfmark
          </Link>
          {known && <Places who={known} />}
          <ConnectionLine />
          {known && <Account who={known} care={care} />}
        </div>
        <Log />
      </header>
      {care && <care.Notices who={known} />}
      {known && Scanned && <Scanned who={known} />}
      <main id="main" className="page" tabIndex={-1}>
        <Place care={care} />
      </main>
    </>
  );
}

function Place({ care }: { care: typeof Care | null }) {
  const who = useWho();
  const path = usePath();
  const route = routeOf(path);
  if (who.state === "known") {
    return (
      <>
        {route.name === "home" &&
          (care ? <care.ReadyLine who={who} /> : <p className="ready">&nbsp;</p>)}
        <Screen route={route} who={who} />
      </>
    );
  }
  if (who.state === "asking" || care === null) {
    return <p role="status">Finding out who is signed in…</p>;
  }
  return <care.Nobody who={who} path={path} />;
}

function Mark() {
  return (
    <svg viewBox="0 0 64 64" width="32" height="32" aria-hidden="true">
      <rect width="64" height="64" rx="12" fill="#1d4f5c" />
      <path d="M10 30h44v4H10zM10 52h44v4H10z" fill="#f5efe2" />
      <path
        d="M14 14h8v16h-8zM24 10h8v20h-8zM34 16h12v14H34zM14 38h14v14H14zM42 36h8v16h-8z"
        fill="#f0b429"
      />
      <path d="M32 36h6v16l-3-3-3 3z" fill="#e4572e" />
    </svg>
  );
}
