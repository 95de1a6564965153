import type { Job } from '../schema';

/**
 * What is asked for because of hints: each job once at a time, and once more where a hint came before the answer.
 */
export class Hinted {
  constructor(
    private readonly ask: (id: string) => Promise<Job>,
    private readonly take: (job: Job) => void
  ) {}

  async see(id: string): Promise<void> {
    const isAsked = this._asked.has(id);
    this._asked.set(id, isAsked);
    if (isAsked) {
      return;
    }
    try {
      this.take(await this.ask(id));
    } catch {
      // The next hint or the next look tells.
    }
    const again = this._asked.get(id);
    this._asked.delete(id);
    if (again) {
      void this.see(id);
    }
  }

  /**
   * Whether each has to be asked for once more.
   */
  private _asked = new Map<string, boolean>();
}
