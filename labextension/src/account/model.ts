import type { LakeModel } from '../lake/model';
import type { UseModel } from '../lake/use';
import { isLoggedIn } from '../login';
import { Model } from '../model';
import { ownProblem, problemOf } from '../problems';
import type { InstanceInfo, Login, LoginRequest, Problem } from '../schema';
import { CertificatesModel } from './certificates';
import type { Way } from './methods';
import { wayOf, waysOf } from './methods';
import { Waiting } from './waiting';
import type { Opener } from './window';
import { LoginWindow, pageOf } from './window';

/**
 * Which instance one works with, as whom, and how one gets in and out.
 */
export class AccountModel extends Model {
  constructor(
    readonly lake: LakeModel,
    private readonly opener?: Opener
  ) {
    super();
    this.certificates = new CertificatesModel(lake);
    this.certificates.stateChanged.connect(this.changed, this);
    this._waiting = new Waiting(lake);
    lake.stateChanged.connect(this._onLake, this);
    lake.use.stateChanged.connect(this.changed, this);
  }

  readonly certificates: CertificatesModel;

  /**
   * The quota and the cache.
   */
  get use(): UseModel {
    return this.lake.use;
  }

  get phase(): LakeModel['phase'] {
    return this.lake.phase;
  }

  get instances(): readonly InstanceInfo[] {
    return this.lake.instances;
  }

  get instance(): InstanceInfo | null {
    return this.lake.instance;
  }

  /**
   * What went wrong: with the server, or with the last login or logout.
   */
  get problem(): Problem | null {
    return this.lake.problem ?? this._problem;
  }

  /**
   * What keeps a person from the page on which the pending login goes on.
   */
  get windowProblem(): Problem | null {
    switch (this._ownWindow?.state) {
      case 'blocked':
        return ownProblem('PopupBlocked', 'you');
      case 'gone':
        return ownProblem('PopupGone', 'you');
      default:
        return null;
    }
  }

  /**
   * The page on which the pending login goes on; null where there is none.
   */
  get pendingURL(): string | null {
    return this._pageOf(this.instance);
  }

  /**
   * What the last login in a window was asked for by.
   */
  get wish(): LoginRequest {
    return this._wish;
  }

  /**
   * Whether a login, a renewal or a logout is on its way.
   */
  get isBusy(): boolean {
    return this._isBusy;
  }

  /**
   * Whether the ways in are shown: where one is not in, else on request.
   */
  get isEntering(): boolean {
    const login = this.instance?.login;
    return this._isEntering || (!!login && !isLoggedIn(login));
  }
  set isEntering(value: boolean) {
    this._hasActed = true;
    this._isEntering = value;
    this._isOpen = false;
    this._problem = null;
    this.changed();
  }

  /**
   * Whether the person has done something here: then the keyboard stays here when what it was on goes.
   */
  get hasActed(): boolean {
    return this._hasActed;
  }

  /**
   * Whether it is shown who is logged in, how and until when.
   */
  get isOpen(): boolean {
    return this._isOpen;
  }
  set isOpen(value: boolean) {
    this._isOpen = value;
    if (value) {
      void this.use.refresh();
    }
    this.changed();
  }

  /**
   * The way in that is shown: the chosen one, else that of the last login, else the instance's first.
   */
  get way(): Way | null {
    const { instance } = this;
    if (!instance) {
      return null;
    }
    const ways = waysOf(instance);
    const last = instance.login.method;
    const wished = [this._ways.get(instance.name), last && wayOf(last)];
    return wished.find(way => way && ways.includes(way)) ?? ways[0] ?? null;
  }
  set way(value: Way | null) {
    if (this.instance && value) {
      this._ways.set(this.instance.name, value);
      this._problem = null;
      this.changed();
    }
  }

  choose(name: string): void {
    this._problem = null;
    this._isEntering = false;
    this.lake.choose(name);
  }

  retry(): Promise<void> {
    return this.lake.refresh();
  }

  /**
   * Log in; without a request as the server is configured to.
   */
  async login(request?: LoginRequest): Promise<boolean> {
    const { _isEntering: wasEntering } = this;
    const done = await this._do(name => this.lake.login(name, request));
    if (done && wasEntering && !this.instance?.login.pending) {
      this.isEntering = false;
    }
    return done;
  }

  /**
   * Log in on a page in a window of its own; only in the click itself do browsers let it open.
   */
  async loginInWindow(request: LoginRequest, text: string): Promise<boolean> {
    const name = this.instance?.name;
    if (!name || this._isBusy) {
      return false;
    }
    this._wish = request;
    this.forgetWindow();
    this._window = new LoginWindow(text, this.opener);
    this._window.gone.connect(() => this._onGone(name));
    this._windowOf = name;
    const done = await this.login(request);
    const instance = this.instances.find(each => each.name === name);
    const url = this._pageOf(instance);
    if (done && url) {
      this._window?.go(url);
    } else {
      this.forgetWindow();
    }
    this.changed();
    return done;
  }

  /**
   * Have the server renew the login before its end.
   */
  renew(): Promise<boolean> {
    return this._do(name => this.lake.renewLogin(name));
  }

  /**
   * Log out; while a login is pending, give that one up.
   */
  logout(): Promise<boolean> {
    this.forgetWindow();
    return this._do(name => this.lake.logout(name));
  }

  /**
   * Close the window of the pending login; the login itself goes on.
   */
  forgetWindow(): void {
    this._window?.dispose();
    this._window = null;
  }

  dispose(): void {
    this.forgetWindow();
    this._waiting.dispose();
    this.certificates.dispose();
    super.dispose();
  }

  private get _ownWindow(): LoginWindow | null {
    const isOwn = this._windowOf === this.instance?.name;
    return isOwn && this.instance?.login.pending ? this._window : null;
  }

  private _pageOf(instance?: InstanceInfo | null): string | null {
    const pending = instance?.login.pending;
    return pending ? pageOf(pending, this.lake.settings.baseUrl) : null;
  }

  private _onGone(name: string): void {
    this.changed();
    // It may have closed at the end of the login.
    this.lake.checkLogin(name).catch(() => undefined);
  }

  private _onLake(): void {
    const pending = new Set(
      this.instances
        .filter(({ login }) => login.pending !== null)
        .map(({ name }) => name)
    );
    for (const { login, name } of this.instances) {
      // What is answered to an act of ours is seen to there.
      if (this._pending.has(name) && !pending.has(name) && !this._isBusy) {
        this._onEnd(name, isLoggedIn(login) && !isRefused(login));
      }
    }
    this._pending = pending;
    this._waiting.begin();
    this.changed();
  }

  /**
   * A login is no longer pending; who is logged in now is shown, for another person may have finished it.
   */
  private _onEnd(name: string, isIn: boolean): void {
    if (this._windowOf === name) {
      this.forgetWindow();
    }
    if (this.instance?.name === name && isIn) {
      this._isEntering = false;
      this._isOpen = true;
    }
  }

  private async _do(act: (name: string) => Promise<void>): Promise<boolean> {
    const name = this.instance?.name;
    if (!name || this._isBusy) {
      return false;
    }
    this._isBusy = true;
    this._hasActed = true;
    this._problem = null;
    this.changed();
    try {
      await act(name);
      return true;
    } catch (error) {
      // Not where another instance has been chosen meanwhile.
      if (this.instance?.name === name) {
        this._problem = problemOf(error);
      }
      return false;
    } finally {
      this._isBusy = false;
      this.changed();
    }
  }

  private _isBusy = false;
  private _hasActed = false;
  private _isEntering = false;
  private _isOpen = false;
  private _problem: Problem | null = null;
  private _window: LoginWindow | null = null;
  private _windowOf: string | null = null;
  private _wish: LoginRequest = { method: 'oidc' };
  private _pending = new Set<string>();
  private readonly _waiting: Waiting;
  private readonly _ways = new Map<string, Way>();
}

/**
 * Whether a login stays although the next one was refused.
 */
function isRefused({ problem }: Login): boolean {
  return problem !== null && problem.error !== 'HandOverFailed';
}
