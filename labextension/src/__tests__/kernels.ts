import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';

import type { Message } from '../notebook/kernel';
import type { Status } from '../schema';

export interface IState {
  status: Status['state'];
}

interface IOptions {
  listens: boolean;
  subshells?: boolean;
  hasLibrary?: boolean;
  language?: string;
}

interface IComm {
  onMsg: (message: unknown) => void;
  onClose: (message: unknown) => void;
}

/**
 * A kernel as far as the panel sees one: comms, subshells and silent execution, answered as dlaas.notebook does.
 */
export class FakeKernel {
  constructor(private readonly options: IOptions) {
    this.hasLibrary = options.hasLibrary ?? true;
    this._listens = options.listens;
    this._connection = this._connect();
  }

  readonly log: string[] = [];
  readonly messages: Message[] = [];
  hasLibrary: boolean;
  refuses = '';
  /**
   * A name that it does not take.
   */
  dislikes = '';
  isSilent = false;

  get connection(): Kernel.IKernelConnection {
    return this._connection as unknown as Kernel.IKernelConnection;
  }

  setStatus(status: Kernel.Status): void {
    this._connection.status = status;
    this._connection.statusChanged.emit(status);
  }

  private _open(comm: IComm, message: Message) {
    this.log.push(`comm ${message.action}`);
    if (this.isSilent) {
      return { done: new Promise(() => undefined) };
    }
    if (!this._listens) {
      comm.onClose({});
      return { done: Promise.resolve() };
    }
    this.messages.push(message);
    const wanted =
      message.action === 'attach'
        ? message.variables
        : message.action === 'rename'
          ? [message.variable]
          : [];
    const variables = wanted.map(({ did, variableName }) => ({
      variableName,
      did,
      text: did
    }));
    const isDisliked = wanted.some(each => each.variableName === this.dislikes);
    const refuses = isDisliked ? 'InvalidInput' : this.refuses;
    const problem = {
      error: refuses,
      message: 'm',
      blame: 'you',
      remedy: '',
      details: {}
    };
    comm.onMsg({
      content: {
        data: refuses ? { ok: false, problem } : { ok: true, variables }
      }
    });
    return { done: Promise.resolve() };
  }

  private _load(where: string) {
    this.log.push(`load${where}`);
    this._listens = this.hasLibrary;
    const content = this.hasLibrary
      ? { status: 'ok' }
      : {
          status: 'error',
          ename: 'ModuleNotFoundError',
          evalue: "No module named 'dlaas'"
        };
    return { done: Promise.resolve({ content }) };
  }

  private _listens: boolean;
  private readonly _connection: ReturnType<FakeKernel['_connect']>;

  private _connect() {
    return {
      status: 'idle' as Kernel.Status,
      isDisposed: false,
      username: '',
      clientId: 'client',
      statusChanged: new Signal<object, Kernel.Status>({}),
      disposed: new Signal<object, void>({}),
      supportsSubshells: this.options.subshells ?? false,
      info: Promise.resolve({
        language_info: { name: this.options.language ?? 'python' }
      }),
      createComm: () => {
        if (this.options.subshells) {
          this.log.push('subshell');
        }
        const comm = {
          subshellStarted: Promise.resolve(),
          isDisposed: false,
          onMsg: () => undefined,
          onClose: () => undefined,
          open: (message: Message) => this._open(comm, message),
          dispose: () => {
            comm.isDisposed = true;
          }
        };
        return comm;
      },
      requestCreateSubshell: () => ({
        done: Promise.resolve({ content: { subshell_id: 'sub' } })
      }),
      requestDeleteSubshell: () => ({ done: Promise.resolve() }),
      requestExecute: () => this._load(''),
      sendShellMessage: () => this._load(' on subshell')
    };
  }
}

/**
 * A notebook as far as the panel sees one: its metadata and its kernel.
 */
export function panelOf(
  kernel: FakeKernel | null,
  records: unknown,
  sources: string[] = []
) {
  const saved: string[] = [];
  const metadata = new Map<string, unknown>();
  if (records !== undefined) {
    metadata.set('rucio_attachments', records);
  }
  const metadataChanged = new Signal<object, void>({});
  const statusChanged = new Signal<object, Kernel.Status>({});
  const titleChanged = new Signal<object, void>({});
  const title = { label: 'n.ipynb', changed: titleChanged };
  const panel = {
    title,
    content: {
      activate: () => undefined,
      model: {
        cells: {
          length: sources.length,
          get: (index: number) => ({
            type: sources[index].startsWith('#') ? 'markdown' : 'code',
            sharedModel: { getSource: () => sources[index] }
          })
        }
      }
    },
    disposed: new Signal<object, void>({}),
    sessionContext: {
      session: kernel ? { kernel: kernel.connection } : null,
      statusChanged,
      kernelChanged: new Signal<object, void>({})
    },
    context: {
      ready: Promise.resolve(),
      isReady: true,
      path: 'n.ipynb',
      save: async () => {
        saved.push('n.ipynb');
      },
      model: {
        dirty: true,
        metadataChanged,
        getMetadata: (key: string) => metadata.get(key),
        setMetadata: (key: string, value: unknown) => {
          metadata.set(key, value);
          metadataChanged.emit();
        },
        deleteMetadata: (key: string) => {
          metadata.delete(key);
          metadataChanged.emit();
        }
      }
    }
  };
  return {
    metadata,
    saved,
    panel: panel as unknown as NotebookPanel,
    setStatus: (status: Kernel.Status) => statusChanged.emit(status),
    rename: (label: string) => {
      title.label = label;
      titleChanged.emit();
    }
  };
}
