import type { IItem } from '../did';
import type { LakeModel } from '../lake/model';
import { problemOf } from '../problems';
import * as api from '../restapi';
import type {
  Copies,
  Entry,
  Explanation,
  Metadata,
  Problem,
  Rule
} from '../schema';

interface IAnswers {
  metadata: Metadata;
  rules: Rule[];
  copies: Copies[];
  parents: Entry[];
}

/**
 * What the lake answers about one DID, part by part; what is on its way is given up when it is asked anew.
 */
export class Answers {
  constructor(
    private readonly lake: LakeModel,
    private readonly changed: () => void
  ) {}

  get<Key extends keyof IAnswers>(key: Key): IAnswers[Key] | null {
    return this._answers[key] ?? null;
  }

  /**
   * Why some part could not be had.
   */
  get problem(): Problem | null {
    return this._problem;
  }

  /**
   * Why a rule is as it is, once it was asked.
   */
  explanation(rule: Rule): Explanation | Problem | null {
    return this._explanations.get(rule.id) ?? null;
  }

  /**
   * Forget it all: it is about another DID.
   */
  clear(): void {
    this.stop();
    this._answers = {};
    this._explanations.clear();
    this._problem = null;
  }

  /**
   * Give up what is on its way.
   */
  stop(): void {
    this._aborter.abort();
    this._changingAborter.abort();
  }

  async load(item: IItem): Promise<void> {
    this._aborter.abort();
    this._aborter = new AbortController();
    const { signal } = this._aborter;
    this._problem = null;
    const { settings } = this.lake;
    const { did, instance } = item;
    await Promise.all([
      this.loadChanging(item),
      this._take(
        'metadata',
        api.getMetadata(settings, instance, did, signal),
        signal
      ),
      this._take(
        'parents',
        api.listParents(settings, instance, did, signal),
        signal
      )
    ]);
  }

  /**
   * Ask for what changes together with the status.
   */
  async loadChanging({ did, instance }: IItem): Promise<void> {
    this._changingAborter.abort();
    this._changingAborter = new AbortController();
    const { signal } = this._changingAborter;
    const { settings } = this.lake;
    await Promise.all([
      this._take(
        'rules',
        api.listRules(settings, instance, did, signal),
        signal
      ),
      this._take(
        'copies',
        api.listCopies(settings, instance, did, signal),
        signal
      )
    ]);
  }

  /**
   * Ask why a rule is as it is.
   */
  async explain({ instance }: IItem, { id }: Rule): Promise<void> {
    let told: Explanation | Problem;
    try {
      const { settings } = this.lake;
      told = await this.lake.guard(api.explainRule(settings, instance, id));
    } catch (error) {
      told = problemOf(error);
    }
    this._explanations.set(id, told);
    this.changed();
  }

  private async _take<Key extends keyof IAnswers>(
    key: Key,
    answer: Promise<IAnswers[Key]>,
    signal: AbortSignal
  ): Promise<void> {
    let problem: Problem | null = null;
    let value: IAnswers[Key] | undefined;
    try {
      value = await this.lake.guard(answer);
    } catch (error) {
      problem = problemOf(error);
    }
    if (signal.aborted) {
      return;
    }
    if (problem) {
      this._problem = problem;
    } else {
      this._answers[key] = value;
    }
    if (key === 'rules') {
      this._explanations.clear();
    }
    this.changed();
  }

  private _answers: Partial<IAnswers> = {};
  private _explanations = new Map<string, Explanation | Problem>();
  private _problem: Problem | null = null;
  private _aborter = new AbortController();
  private _changingAborter = new AbortController();
}
