import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel } from '@jupyterlab/services';

import type { LakeModel } from '../lake/model';
import { ProblemError, problemOf } from '../problems';
import type { Problem, VariableRecord } from '../schema';
import type { IVariable } from './kernel';
import { tell } from './kernel';

/**
 * Where a variable stands in the kernel.
 */
export interface IVariableState {
  phase: 'unknown' | 'setting' | 'set' | 'problem';
  text: string;
  problem: Problem | null;
}

/**
 * What keeps a kernel from holding any variable.
 */
const OBSTACLES = ['KernelWithoutLibrary', 'OtherLanguage'];

const UNKNOWN: IVariableState = { phase: 'unknown', text: '', problem: null };

/**
 * The variables as the kernel of a notebook has them.
 */
export class InKernel {
  constructor(
    private readonly context: ISessionContext,
    private readonly lake: LakeModel,
    private readonly changed: () => void
  ) {}

  get kernel(): Kernel.IKernelConnection | null {
    return this.context.session?.kernel ?? null;
  }

  state(name: string): IVariableState {
    return this._states.get(name) ?? UNKNOWN;
  }

  isKnown(name: string): boolean {
    return this._states.has(name);
  }

  /**
   * Forget all variables but these.
   */
  keep(names: readonly string[]): void {
    for (const name of this._states.keys()) {
      if (!names.includes(name)) {
        this._states.delete(name);
      }
    }
  }

  /**
   * Set variables; with `renew` one that the user has given to something else is left alone.
   */
  async set(records: VariableRecord[], renew: boolean): Promise<void> {
    const { kernel } = this;
    const mark = (state: (record: VariableRecord) => IVariableState) => {
      records.forEach(each => this._states.set(each.variableName, state(each)));
      this.changed();
    };
    if (!kernel) {
      mark(() => UNKNOWN);
      return;
    }
    mark(() => ({ ...UNKNOWN, phase: 'setting' }));
    try {
      const variables = await this._attach(kernel, records, renew);
      mark(({ variableName }) => stateOf(variables, variableName));
    } catch (error) {
      if (kernel !== this.kernel) {
        // Another kernel has come meanwhile, and it is told by itself.
        return;
      }
      if (records.length > 1 && mayBeOnesFault(problemOf(error))) {
        for (const record of records) {
          await this.set([record], renew);
        }
        return;
      }
      mark(() => ({ phase: 'problem', text: '', problem: problemOf(error) }));
    }
  }

  /**
   * Give a variable another name, and call `renamed` then; throws where the kernel refuses.
   */
  async rename(
    record: VariableRecord,
    to: string,
    renamed: () => void
  ): Promise<void> {
    const { kernel } = this;
    const name = record.variableName;
    let state = UNKNOWN;
    try {
      if (kernel) {
        const handover = await this._handover();
        const variable = { ...record, variableName: to };
        const message = { action: 'rename', handover, name, variable } as const;
        state = stateOf(await tell(kernel, message), to);
      }
    } catch (error) {
      const problem = problemOf(error);
      const isGone = kernel !== this.kernel || problem.error === 'KernelGone';
      if (!isGone && !OBSTACLES.includes(problem.error)) {
        throw error;
      }
      // A kernel that holds no variables does not keep a name from being changed.
      state = isGone ? UNKNOWN : { phase: 'problem', text: '', problem };
    }
    this._states.set(to, state);
    renamed();
  }

  /**
   * Take a variable out of the kernel.
   */
  async detach(name: string): Promise<void> {
    const { kernel } = this;
    if (kernel) {
      await tell(kernel, { action: 'detach', names: [name] }).catch(
        // The record is gone, which is what was asked for; the kernel forgets with its next start.
        () => undefined
      );
    }
  }

  private async _attach(
    kernel: Kernel.IKernelConnection,
    variables: VariableRecord[],
    renew: boolean
  ): Promise<IVariable[]> {
    return tell(kernel, {
      action: 'attach',
      handover: await this._handover(),
      variables,
      ...(renew ? { renew } : {})
    });
  }

  /**
   * Where kernels find tokens; throws where Jupyter does not know the lake.
   */
  private async _handover(): Promise<string | null> {
    if (!this.lake.handover) {
      await this.lake.refresh();
    }
    const { handover, problem } = this.lake;
    if (!handover && problem) {
      throw new ProblemError(problem);
    }
    return handover;
  }

  private _states = new Map<string, IVariableState>();
}

/**
 * Whether a kernel that refused several variables may take the others: it takes all or none.
 */
function mayBeOnesFault({ blame, error }: Problem): boolean {
  return blame === 'you' && !OBSTACLES.includes(error);
}

function stateOf(variables: IVariable[], name: string): IVariableState {
  const found = variables.find(({ variableName }) => variableName === name);
  return {
    phase: found ? 'set' : 'unknown',
    text: found?.text ?? '',
    problem: null
  };
}
