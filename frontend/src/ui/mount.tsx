import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type ComponentType, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Refused } from "../api/client.ts";
import { Provider } from "./Provider.tsx";

function newClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // A refusal stays a refusal; only a network may be better the second time.
        retry: (failures, error) => failures < 1 && !(error instanceof Refused),
        refetchOnWindowFocus: false,
        // The service worker answers without a network; let it.
        networkMode: "always",
      },
      mutations: { networkMode: "always" },
    },
  });
}

/** Put a component into every `{% island name … %}` of the page, with the properties given there. */
export function mount<P extends object>(name: string, Component: ComponentType<P>): void {
  const client = newClient();
  for (const element of document.querySelectorAll<HTMLElement>(`[data-island="${name}"]`)) {
    const properties = JSON.parse(element.dataset.properties ?? "{}") as P;
    createRoot(element).render(
      <StrictMode>
        <QueryClientProvider client={client}>
          <Provider>
            <Component {...properties} />
          </Provider>
        </QueryClientProvider>
      </StrictMode>,
    );
  }
}
