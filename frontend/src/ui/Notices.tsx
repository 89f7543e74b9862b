import { Alert, Button } from "antd";
import { type Answer, Refused } from "../api/client.ts";
import { age, moment } from "./words.ts";

interface Properties {
  answer: Answer<unknown> | undefined;
  error: Error | null;
  onRetry: () => void;
}

/** What has to be said about an answer: that it is old, or that there is no new one. */
export function Notices({ answer, error, onRetry }: Properties) {
  return (
    <>
      {answer?.isCached && <Alert type="warning" showIcon title={cached(answer.cachedAt)} />}
      {error && (
        <Alert
          type="error"
          showIcon
          title={error.message}
          action={<Button onClick={onRetry}>Try again</Button>}
          {...(error instanceof Refused &&
            error.requestId && { description: `Request ${error.requestId}` })}
        />
      )}
    </>
  );
}

function cached(at: Date | null): string {
  return at === null
    ? "Displaying cached data. The server cannot be reached."
    : `Displaying cached data from ${age(at, new Date())} (${moment(at)}). The server cannot be reached.`;
}
