import { useEffect, useState } from "react";

const OFTEN_MS = 20_000;

/** The moment, for ages on the screen: it moves on by itself. */
export function useNow(): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(new Date()), OFTEN_MS);
    return () => window.clearInterval(timer);
  }, []);
  return now;
}
