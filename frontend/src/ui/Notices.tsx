import { Alert } from "antd";
import type { Answer } from "../api/client.ts";
import { Trouble } from "./Trouble.tsx";
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
      <Trouble error={error} onRetry={onRetry} />
    </>
  );
}

function cached(at: Date | null): string {
  return at === null
    ? "Displaying cached data. The server cannot be reached."
    : `Displaying cached data from ${age(at, new Date())} (${moment(at)}). The server cannot be reached.`;
}
