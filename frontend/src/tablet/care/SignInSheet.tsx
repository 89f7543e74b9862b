import { type FormEvent, useId, useState } from "react";
import { Refused } from "../../api/client.ts";
import { signIn } from "../who.ts";
import { Dialog } from "./Dialog.tsx";

/** Sign in over the screen that is there, and lose nothing of it. */
export function SignInSheet({ title, onClose }: { title: string; onClose: () => void }) {
  return (
    <Dialog title={title} onClose={onClose}>
      <SignInForm onSignedIn={onClose}>
        <button type="button" className="main plain" onClick={onClose}>
          Later
        </button>
      </SignInForm>
    </Dialog>
  );
}

export function SignInForm(props: { onSignedIn?: () => void; children?: React.ReactNode }) {
  const name = useId();
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setProblem("");
    try {
      await signIn(String(form.get("username")), String(form.get("password")));
      props.onSignedIn?.();
    } catch (error) {
      setProblem(inWords(error as Error));
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      {problem && (
        <p className="banner alarm" role="alert">
          {problem}
        </p>
      )}
      <p className="field">
        <label htmlFor={`${name}-name`}>Your name in Shelfmark</label>
        <input
          id={`${name}-name`}
          name="username"
          type="text"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
        />
      </p>
      <p className="field">
        <label htmlFor={`${name}-word`}>Your password</label>
        <input
          id={`${name}-word`}
          name="password"
          type="password"
          autoComplete="current-password"
          required
        />
      </p>
      <p className="row">
        <button type="submit" className="main" disabled={isBusy}>
          Sign in
        </button>
        {props.children}
      </p>
    </form>
  );
}

/** Say why nobody is signed in, and that nothing is lost. */
export function inWords(error: Error): string {
  if (error instanceof Refused && error.code === "wrong_credentials") {
    return "This name and password do not belong together. Try again.";
  }
  if (error instanceof Refused) {
    return error.message; // too many attempts, for example: the server says for how long
  }
  return "The server cannot be reached. What you did is kept on this tablet; sign in when there is a connection.";
}
