// The chunk of scanning: the camera, and what acts on every scan.
import { type FormEvent, useCallback, useEffect, useId, useRef, useState } from "react";
import { tellSeen } from "../../scan/seen.ts";
import { Title } from "../parts.tsx";
import type { Known } from "../who.ts";
import { closeCamera, hasLight, light, NoCamera, openCamera } from "./camera.ts";
import { hit } from "./hit.ts";
import { openReader, readFrom } from "./reading.ts";
import "./scan.css";

export { Scanned } from "./Scanned.tsx";

type State = { step: "opening" | "reading" } | { step: "trouble"; why: string };

const NOT_HERE =
  "The part that reads barcodes is not on this tablet yet, and the server cannot be reached. " +
  "Try again with a connection. A scanner that types works without it.";

/** Looks through the camera until it sees a code; what follows is Scanned's. */
export function Camera(_: { who: Known }) {
  const video = useRef<HTMLVideoElement>(null);
  const { state, stream, again } = useCamera(video);
  return (
    <>
      <Title>Scan</Title>
      <p role="status">
        {state.step === "opening" && "Opening the camera…"}
        {state.step === "reading" && "Hold the barcode in the frame."}
      </p>
      {state.step === "trouble" ? (
        <div className="banner warn" role="alert">
          <span>{state.why}</span>
          <button type="button" onClick={again}>
            Try again
          </button>
        </div>
      ) : (
        <div className="camera">
          <video ref={video} playsInline muted aria-label="What the camera sees" />
          <div className="aim" aria-hidden="true" />
        </div>
      )}
      {stream !== null && hasLight(stream) && <Light stream={stream} />}
      <Typed />
    </>
  );
}

function useCamera(video: React.RefObject<HTMLVideoElement | null>) {
  const [state, setState] = useState<State>({ step: "opening" });
  const [stream, setStream] = useState<MediaStream | null>(null);
  const [attempt, setAttempt] = useState(0);
  const isVisible = useVisible();
  // biome-ignore lint/correctness/useExhaustiveDependencies: each attempt begins again
  useEffect(() => {
    if (!isVisible) {
      return;
    }
    const over = new AbortController();
    setState({ step: "opening" });
    start(video, over.signal)
      .then((opened) => {
        if (!over.signal.aborted) {
          setStream(opened);
          setState({ step: "reading" });
        }
      })
      .catch((error: unknown) => {
        if (!over.signal.aborted) {
          over.abort();
          const why = error instanceof NoCamera ? error.message : NOT_HERE;
          setState({ step: "trouble", why });
        }
      });
    return () => {
      over.abort();
      setStream(null);
    };
  }, [video, isVisible, attempt]);
  const again = useCallback(() => setAttempt((before) => before + 1), []);
  return { state, stream, again };
}

/** Open the camera and read from it until `over`. */
async function start(
  video: React.RefObject<HTMLVideoElement | null>,
  over: AbortSignal,
): Promise<MediaStream> {
  const stream = await openCamera();
  const close = () => closeCamera(stream);
  if (over.aborted) {
    close();
    return stream;
  }
  over.addEventListener("abort", close);
  const reader = await openReader();
  const element = video.current;
  if (element !== null && !over.aborted) {
    element.srcObject = stream;
    await element.play();
    const stop = readFrom(element, reader, (text) => {
      hit();
      tellSeen(text);
    });
    over.addEventListener("abort", stop);
  }
  return stream;
}

/** Whether somebody can see the page. Otherwise the camera is given back. */
function useVisible(): boolean {
  const [isVisible, setVisible] = useState(document.visibilityState === "visible");
  useEffect(() => {
    const look = () => setVisible(document.visibilityState === "visible");
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, []);
  return isVisible;
}

function Light({ stream }: { stream: MediaStream }) {
  const [isOn, setOn] = useState(false);
  const turn = async () => {
    await light(stream, !isOn);
    setOn(!isOn);
  };
  return (
    <button type="button" className="plain main" aria-pressed={isOn} onClick={() => void turn()}>
      Light
    </button>
  );
}

/** For a label that no camera reads. */
function Typed() {
  const [text, setText] = useState("");
  const field = useId();
  const open = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() !== "") {
      tellSeen(text);
      setText("");
    }
  };
  return (
    <form className="typed" onSubmit={open}>
      <label htmlFor={field}>Or type the code that is printed on the label</label>
      <div className="row">
        <input
          id={field}
          type="search"
          value={text}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          enterKeyHint="go"
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit" className="main">
          Open
        </button>
      </div>
    </form>
  );
}
