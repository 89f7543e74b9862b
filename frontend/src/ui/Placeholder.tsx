import { Skeleton } from "antd";

/** Keeps the place of what is being asked for. Its bars are a picture: words say the same. */
export function Placeholder({ rows }: { rows: number }) {
  return (
    <>
      <p className="hidden" role="status">
        Loading…
      </p>
      <div aria-hidden="true">
        <Skeleton active title={false} paragraph={{ rows }} />
      </div>
    </>
  );
}
