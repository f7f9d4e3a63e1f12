/**
 * Reads a line from left to right.
 *
 * Guarantees: linear time as long as each pattern is: a pattern is only tried at the place that has been reached.
 */
export class TextScanner {
  private readonly text: string;
  private position = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Takes what the pattern matches here. @param pattern - with the flag y. @returns undefined, and takes nothing, otherwise */
  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.position;
    const match = pattern.exec(this.text);
    if (match === null) return undefined;
    this.position = pattern.lastIndex;
    return match;
  }

  /** Takes this text if it is next. */
  skip(text: string): boolean {
    if (!this.text.startsWith(text, this.position)) return false;
    this.position += text.length;
    return true;
  }

  /** What has not been taken yet. */
  get rest(): string {
    return this.text.slice(this.position);
  }

  get isAtEnd(): boolean {
    return this.position === this.text.length;
  }
}
