/** Who has how many of something open, and which. Two tabs may have the same one. */
export class Seats {
  private readonly taken = new Map<string, string[]>();

  constructor(private readonly perUser: number) {}

  /** False where there is no room. */
  take(userId: string, name: string): boolean {
    const names = this.taken.get(userId) ?? [];
    if (names.length >= this.perUser) return false;
    this.taken.set(userId, [...names, name]);
    return true;
  }

  /** Once for each that was taken. */
  leave(userId: string, name: string): void {
    const names = this.taken.get(userId) ?? [];
    const rest = names.toSpliced(names.indexOf(name), 1);
    if (rest.length > 0) this.taken.set(userId, rest);
    else this.taken.delete(userId);
  }

  namesOf(userId: string): ReadonlySet<string> {
    return new Set(this.taken.get(userId));
  }
}
