import type { Event, ServerConnection } from '@jupyterlab/services';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { IItem } from '../did';
import { wasLoggedIn } from '../login';
import { Model } from '../model';
import { needsLogin, problemOf } from '../problems';
import * as api from '../restapi';
import type {
  Change,
  InstanceInfo,
  Login,
  LoginRequest,
  Problem
} from '../schema';
import { Changes } from './events';
import { defaultOf, enteredSince } from './instances';
import { Pace } from './pace';
import { Pulse } from './pulse';
import { Statuses } from './statuses';
import { UseModel } from './use';

/**
 * What all sections share: the instances and their logins, the DID that is selected, what is known of DIDs, what the server pushes.
 *
 * It is active while the panel can be seen.
 */
export class LakeModel extends Model {
  constructor(options: LakeModel.IOptions) {
    super();
    this.settings = options.settings;
    this.changes = new Changes(options.events ?? null);
    this.statuses = new Statuses((instance, did, isQuiet) =>
      this.guard(api.getStatus(this.settings, instance, did, isQuiet))
    );
    this.changes.changed.connect(this._onChange, this);
    this.changes.lost.connect(this._onLost, this);
    this.pace = new Pace(this.statuses);
    this._pulse = new Pulse(
      this.statuses,
      this.changes,
      async () => {
        await this.refresh(true);
        if (isCut(this._problem)) {
          throw this._problem;
        }
      },
      options.failed
    );
  }

  readonly settings: ServerConnection.ISettings;
  readonly changes: Changes;
  readonly statuses: Statuses;

  /**
   * The quota and the disk.
   */
  readonly use = new UseModel(this);
  readonly pace: Pace;

  /**
   * A signal emitted for work that only the job list knows.
   */
  get jobHinted(): ISignal<this, Change | null> {
    return this._jobHinted;
  }

  /**
   * A signal emitted with the name of an instance to which somebody has just logged in.
   */
  get entered(): ISignal<this, string> {
    return this._entered;
  }

  get phase(): 'asking' | 'ready' | 'problem' {
    return this._phase;
  }

  get problem(): Problem | null {
    return this._problem;
  }

  get instances(): readonly InstanceInfo[] {
    return this._instances;
  }

  /**
   * Where the server leaves fresh tokens for kernels.
   */
  get handover(): string | null {
    return this._handover;
  }

  /**
   * The chosen instance; the default one at first.
   */
  get instance(): InstanceInfo | null {
    return this._find(this._name) ?? defaultOf(this._instances);
  }

  /**
   * Whether one can work with the chosen instance, if only until the login is renewed.
   */
  get isUsable(): boolean {
    const instance = this.instance;
    return instance !== null && wasLoggedIn(instance.login);
  }

  /**
   * The DID that the person selected.
   */
  get selected(): IItem | null {
    return this._selected;
  }
  set selected(value: IItem | null) {
    this._selected = value;
    this.changed();
  }

  /**
   * Choose an instance; one that is not there changes nothing.
   */
  choose(name: string): void {
    if (name !== this.instance?.name && this._find(name)) {
      this._name = name;
      this._selected = null;
      this.changed();
    }
  }

  /**
   * A DID's instance as notebooks keep it: null for the default one, so that a colleague's default serves as well.
   */
  recordedInstance(name: string): string | null {
    return this._find(name)?.default ? null : name;
  }

  /**
   * The name of the instance that a notebook's record means; null while it is not known.
   */
  meantInstance(recorded: string | null | undefined): string | null {
    const chosen = recorded ? this._find(recorded) : defaultOf(this._instances);
    return chosen?.name ?? recorded ?? null;
  }

  /**
   * Ask for the instances and their logins; who asks meanwhile gets the same answer.
   */
  refresh(isQuiet = false): Promise<void> {
    this._asked ??= this._refresh(isQuiet).finally(() => {
      this._asked = null;
    });
    return this._asked;
  }

  async login(instance: string, request?: LoginRequest): Promise<void> {
    this._setLogin(instance, await api.login(this.settings, instance, request));
  }

  /**
   * Ask how the login of one instance is, as while it is pending.
   */
  async checkLogin(instance: string): Promise<void> {
    const login = await api.getLogin(this.settings, instance, true);
    this._setLogin(instance, login, false);
  }

  async renewLogin(instance: string): Promise<void> {
    this._setLogin(instance, await api.renewLogin(this.settings, instance));
  }

  async logout(instance: string): Promise<void> {
    this._setLogin(instance, await api.logout(this.settings, instance));
  }

  /**
   * Pass an answer on; one that says that the login is over makes the panel look at the logins, none at all at the connection.
   */
  async guard<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      const problem = problemOf(error);
      if (needsLogin(problem)) {
        void this.refresh();
      } else if (isCut(problem)) {
        this._pulse.fail();
      }
      throw error;
    }
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._pulse.dispose();
    this.changes.dispose();
    this.statuses.dispose();
    this.use.dispose();
    super.dispose();
  }

  protected onActive(active: boolean): void {
    if (!active) {
      this._pulse.stop();
      return;
    }
    this._pulse.start();
    void this.refresh();
    void this.statuses.refresh();
  }

  private _find(name: string | null): InstanceInfo | undefined {
    return this._instances.find(instance => instance.name === name);
  }

  private async _refresh(isQuiet: boolean): Promise<void> {
    const isBack = isCut(this._problem);
    if (this._phase === 'problem' && !isQuiet) {
      this._phase = 'asking';
      this.changed();
    }
    try {
      let answer: api.IInstances;
      do {
        this._isStale = false;
        answer = await this.guard(api.listInstances(this.settings, isQuiet));
        // A login that changed meanwhile may not be in it yet.
      } while (this._isStale && !this.isDisposed);
      this._handover = answer.handover;
      this._setInstances(answer.instances);
      this._phase = 'ready';
      this._problem = null;
      this.changes.heard(answer.server, answer.seq, isBack);
    } catch (error) {
      this._phase = 'problem';
      this._problem = problemOf(error);
    }
    this.changed();
  }

  private _setLogin(name: string, login: Login, isWanted = true): void {
    this._isStale = true;
    this._setInstances(
      this._instances.map(instance =>
        instance.name === name ? { ...instance, login } : instance
      ),
      isWanted ? name : undefined
    );
    this.changed();
  }

  /**
   * Take the instances; `told` is one to which somebody wanted to log in here.
   */
  private _setInstances(instances: InstanceInfo[], told?: string): void {
    const entered = enteredSince(this._instances, instances, told);
    this._instances = instances;
    if (entered.length) {
      void this.statuses.refresh();
    }
    entered.forEach(({ name }) => this._entered.emit(name));
  }

  private _onChange(_: Changes, change: Change): void {
    if (change.did) {
      this.statuses.hint(change.instance, change.did);
    }
    if (change.kind === 'job') {
      this._jobHinted.emit(change);
    }
    // Also while nobody looks, for the panel's tab says when a login is over.
    if (change.kind === 'login' && (this.isActive || this._phase === 'ready')) {
      this._isStale = true;
      void this.refresh(true);
    }
  }

  /**
   * Hints were lost: one snapshot of what is shown.
   */
  private _onLost(): void {
    this.statuses.forget();
    if (this.isActive) {
      void this.refresh(true);
      void this.statuses.refresh(true);
      this._jobHinted.emit(null);
    } else {
      // Another run of the server has another place: it is asked for when it is needed.
      this._handover = null;
    }
  }

  private readonly _pulse: Pulse;
  private _phase: 'asking' | 'ready' | 'problem' = 'asking';
  private _problem: Problem | null = null;
  private _instances: InstanceInfo[] = [];
  private _handover: string | null = null;
  private _name: string | null = null;
  private _selected: IItem | null = null;
  private _asked: Promise<void> | null = null;
  private _isStale = false;
  private _entered = new Signal<this, string>(this);
  private _jobHinted = new Signal<this, Change | null>(this);
}

export namespace LakeModel {
  /**
   * Where the lake is reached; without events everything is asked for. `failed` tells that Jupyter could not be reached.
   */
  export interface IOptions {
    settings: ServerConnection.ISettings;
    events?: ISignal<unknown, Event.Emission> | null;
    failed?: ISignal<unknown, unknown> | null;
  }
}

/**
 * Whether it is Jupyter itself that gave no answer.
 */
function isCut(problem: Problem | null): boolean {
  return problem?.error === 'JupyterUnreachable';
}
