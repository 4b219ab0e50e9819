"use client";

import { Component, type ReactNode } from "react";
import { FailureCallout } from "../ui/callout";
import { failureOf, worthRetrying } from "./failure";

const DELAYS_MS = [1_000, 2_000, 4_000];

/** Children that stood this long were well: what fails later is another matter. */
const WELL_AFTER_MS = 10_000;

type Props = { waiting: ReactNode; children: ReactNode };
type State = { error: unknown; failures: number };

/**
 * For hooks that throw what a query refused (pages of a list): the first failures are
 * waited out and asked again, the fourth is shown with a way to try once more.
 */
export class RetryBoundary extends Component<Props, State> {
  override state: State = { error: null, failures: 0 };
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When its children were last tried. */
  #since = Date.now();

  static getDerivedStateFromError(error: unknown): Partial<State> {
    return { error };
  }

  override componentDidCatch(error: unknown): void {
    const stood = Date.now() - this.#since;
    const failures = failuresAfter(this.state.failures, stood);
    const delay = worthRetrying(error) ? DELAYS_MS[failures - 1] : undefined;
    this.setState({ failures });
    if (delay === undefined) return;
    this.#timer = setTimeout(() => this.#again(failures), delay);
  }

  #again(failures: number): void {
    this.#since = Date.now();
    this.setState({ error: null, failures });
  }

  override componentWillUnmount(): void {
    clearTimeout(this.#timer);
  }

  override render(): ReactNode {
    const { error, failures } = this.state;
    if (error === null) return this.props.children;
    if (worthRetrying(error) && failures <= DELAYS_MS.length) {
      return this.props.waiting;
    }
    return (
      <FailureCallout
        failure={failureOf(error)}
        actions={
          <button
            type="button"
            className="link text-sm"
            onClick={() => this.#again(0)}
          >
            Try again
          </button>
        }
      />
    );
  }
}

/** How many failures in a row the next one makes, of children that stood for so long. */
export function failuresAfter(before: number, stoodMs: number): number {
  return stoodMs >= WELL_AFTER_MS ? 1 : before + 1;
}
