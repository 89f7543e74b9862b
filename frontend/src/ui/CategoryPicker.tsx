import { Select } from "antd";
import { type ReactNode, useState } from "react";
import { CategoryPath } from "./CategoryPath.tsx";
import { useCategories } from "./useCategories.ts";
import "./shelfmark.css";

interface Properties {
  id?: string;
  /** The path that is chosen; empty if none is. */
  value?: string;
  onChange: (path: string) => void;
  /** What it is called where no label stands beside it. */
  label?: string;
  placeholder?: string;
  describedBy?: string | undefined;
  isInvalid?: boolean;
  isDisabled?: boolean;
  canClear?: boolean;
  autoFocus?: boolean;
}

/** Finds a category by any words of its path, with the keyboard or a finger. */
export function CategoryPicker(properties: Properties) {
  const { value = "", onChange, isInvalid = false, isDisabled = false } = properties;
  const [isOpen, setIsOpen] = useState(false);
  const [search, setSearch] = useState("");
  const { categories, isSettled, error } = useCategories(search, isOpen);

  let empty: ReactNode = "No category has these words in its path.";
  if (error) {
    empty = error.message;
  } else if (!isSettled) {
    empty = "Looking for categories…";
  }
  return (
    <Select
      className="category-picker"
      {...(properties.id && { id: properties.id })}
      {...(properties.label && { "aria-label": properties.label })}
      {...(properties.describedBy && { "aria-describedby": properties.describedBy })}
      {...(isInvalid && { "aria-invalid": true, status: "error" })}
      placeholder={properties.placeholder ?? "Type words of its path"}
      value={value || null}
      onChange={(path) => onChange(path ?? "")}
      open={isOpen}
      onOpenChange={setIsOpen}
      showSearch={{ filterOption: false, onSearch: setSearch }}
      onInputKeyDown={(event) => {
        if (event.key === "Enter" && isOpen && !isSettled) {
          // It would close the list, and the words would be gone.
          event.preventDefault();
          event.stopPropagation();
        }
      }}
      autoFocus={properties.autoFocus ?? false}
      allowClear={properties.canClear ?? false}
      disabled={isDisabled}
      loading={isOpen && !isSettled}
      // Within the landmark, where people with a screen reader look for it.
      getPopupContainer={(trigger) => trigger.closest("main") ?? document.body}
      options={categories.map(({ path }) => ({ value: path, label: path }))}
      optionRender={({ value: path }) => <CategoryPath path={String(path)} />}
      notFoundContent={empty}
    />
  );
}
