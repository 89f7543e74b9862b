import { Alert, Button } from "antd";
import { Refused } from "../api/client.ts";

interface Properties {
  error: Error | null;
  onRetry?: () => void;
  /** Instead of the error's own message. */
  sentence?: string;
  type?: "error" | "warning";
}

function isSignedOut(error: Error): boolean {
  return error instanceof Refused && error.code === "not_authenticated";
}

/** What went wrong, in the server's words if it has any, and what to do next. */
export function Trouble({ error, onRetry, sentence, type = "error" }: Properties) {
  if (error === null) {
    return null;
  }
  if (isSignedOut(error)) {
    const back = new URLSearchParams({ next: window.location.pathname });
    return (
      <Alert
        type="warning"
        showIcon
        title="You are signed out. Sign in again to go on from here."
        action={<Button href={`/sign-in?${back}`}>Sign in</Button>}
      />
    );
  }
  return (
    <Alert
      type={type}
      showIcon
      title={sentence ?? error.message}
      {...(onRetry && { action: <Button onClick={onRetry}>Try again</Button> })}
    />
  );
}
