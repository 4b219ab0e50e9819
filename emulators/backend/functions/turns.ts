/** One at a time, in the order of asking. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(work);
    // The next turn comes whether or not this one failed; the failure itself
    // belongs to whoever asked.
    this.last = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }
}
