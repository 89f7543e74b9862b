import { type MouseEvent, type ReactNode, useEffect, useRef } from "react";
import { Account, ConnectionLine, Log, Update } from "./Frame.tsx";
import { Home } from "./Home.tsx";
import { ProductView } from "./ProductView.tsx";
import { go, HOME, routeOf, usePath } from "./router.ts";
import { useWho } from "./who.ts";

/** The whole tablet: the same frame everywhere, and a screen for each address. */
export function Tablet() {
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
          <ConnectionLine />
          <Account />
        </div>
        <Log />
      </header>
      <Update />
      <main id="main" className="page" tabIndex={-1}>
        <Screen />
      </main>
    </>
  );
}

function Screen() {
  const who = useWho();
  const path = usePath();
  const route = routeOf(path);
  switch (who.state) {
    case "asking":
      return <p role="status">Finding out who is signed in…</p>;
    case "nobody":
      return (
        <>
          <Title>Nobody is signed in</Title>
          <p>Sign in to look up products and to say where they belong.</p>
          <p>
            <a className="button main" href={`/sign-in?next=${encodeURIComponent(path)}`}>
              Sign in
            </a>
          </p>
        </>
      );
    case "unknown":
      return (
        <>
          <Title>This tablet does not know you yet</Title>
          <p>
            The server cannot be reached, and nobody is signed in on this tablet. Sign in once with
            a connection; from then on it works without one.
          </p>
        </>
      );
    case "known":
      if (route.name === "home") {
        return <Home who={who} />;
      }
      if (route.name === "product") {
        return <ProductView key={`${who.person.id} ${route.id}`} who={who} id={route.id} />;
      }
      return (
        <>
          <Title>There is nothing at this address</Title>
          <p>
            <Link to={HOME}>Search for a product</Link>
          </p>
        </>
      );
  }
}

/** The heading of a screen. It gets the focus, so that a screen reader says where one is. */
export function Title({ children }: { children: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${children} – Shelfmark`;
    const { activeElement } = document;
    if (activeElement === null || activeElement === document.body || !activeElement.isConnected) {
      heading.current?.focus();
    }
  }, [children]);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}

/** A link inside the tablet: no page is loaded. */
export function Link(props: { to: string; className?: string; children: ReactNode }) {
  const follow = (event: MouseEvent) => {
    if (event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)) {
      event.preventDefault();
      (document.activeElement as HTMLElement | null)?.blur();
      go(props.to);
    }
  };
  return (
    <a className={props.className} href={props.to} onClick={follow}>
      {props.children}
    </a>
  );
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
