// What every screen is made of.
import { type MouseEvent, type ReactNode, useEffect, useRef } from "react";
import { go, HOME } from "./router.ts";

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
export function Link(props: {
  to: string;
  className?: string;
  isCurrent?: boolean;
  children: ReactNode;
}) {
  const follow = (event: MouseEvent) => {
    if (event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)) {
      event.preventDefault();
      (document.activeElement as HTMLElement | null)?.blur();
      go(props.to);
    }
  };
  return (
    <a
      className={props.className}
      href={props.to}
      aria-current={props.isCurrent ? "page" : undefined}
      onClick={follow}
    >
      {props.children}
    </a>
  );
}

export function Nowhere() {
  return (
    <>
      <Title>There is nothing at this address</Title>
      <p>
        <Link to={HOME}>Search for a product</Link>
      </p>
    </>
  );
}
