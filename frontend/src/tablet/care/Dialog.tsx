import { type ReactNode, useId, useLayoutEffect, useRef } from "react";

/** A question over the screen. The focus comes back to where it was. */
export function Dialog(props: { title: string; onClose: () => void; children: ReactNode }) {
  const { title, onClose, children } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useLayoutEffect(() => {
    const shown = dialog.current;
    const before = document.activeElement;
    shown?.showModal();
    return () => {
      shown?.close();
      const isThere = before instanceof HTMLElement && before.isConnected && before.tabIndex >= 0;
      (isThere ? before : document.querySelector("h1"))?.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className="ask"
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <h2 id={heading}>{title}</h2>
      {children}
    </dialog>
  );
}

/** Asks before something is lost. */
export function Confirm(props: {
  title: string;
  children: ReactNode;
  yes: string;
  onYes: () => void;
  onNo: () => void;
}) {
  return (
    <Dialog title={props.title} onClose={props.onNo}>
      <p>{props.children}</p>
      <p className="row">
        {/* First, so that it has the focus: nothing is lost by a careless tap. */}
        <button type="button" className="main plain" onClick={props.onNo}>
          Keep it
        </button>
        <button type="button" className="main danger" onClick={props.onYes}>
          {props.yes}
        </button>
      </p>
    </Dialog>
  );
}
