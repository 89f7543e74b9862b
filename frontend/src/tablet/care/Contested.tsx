import type { Change, Contested as Values } from "../../offline/changes.ts";
import { useNow } from "../useNow.ts";
import { when } from "../words.ts";
import { contestedName, value } from "./words.ts";

/** Two values for one thing, side by side: who said which, and when. */
export function Contested({ change, person }: { change: Change; person: string }) {
  const now = useNow();
  const contested = change.result?.contested ?? [];
  return (
    <>
      {change.result?.detail && <p>{change.result.detail}</p>}
      {contested.map((one) => (
        <table key={one.what} className="versus">
          <caption>{contestedName(one)}</caption>
          <tbody>
            <Side name="Mine" said={one.mine}>
              {person}, {when(new Date(change.madeAt), now)}
            </Side>
            <Side name="Theirs" said={one.theirs}>
              {whose(one)}
              {/* Not known of what was there before the log. */}
              {one.at && `, ${when(new Date(one.at), now)}`}
            </Side>
          </tbody>
        </table>
      ))}
    </>
  );
}

function whose({ by }: Values): string {
  return by ?? "Shelfmark itself";
}

function Side(props: { name: string; said: unknown; children: React.ReactNode }) {
  return (
    <tr>
      <th scope="row">{props.name}</th>
      <td>
        <strong>{value(props.said)}</strong>
        <span className="quiet">{props.children}</span>
      </td>
    </tr>
  );
}
