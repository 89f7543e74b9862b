import { Alert, Button, Input, Select, Skeleton } from "antd";

export function Prediction({ productId }: { productId: number }) {
  return (
    <>
      <Alert title={`Product ${productId}`} type="warning" showIcon />
      <Button type="primary">Re-analyze</Button> <Button>Other</Button>
      <Input defaultValue="text" />
      <Select
        showSearch
        placeholder="Choose a category"
        options={[
          { value: 1, label: "Tools" },
          { value: 2, label: "Fasteners" },
        ]}
      />
      <Skeleton active />
    </>
  );
}
