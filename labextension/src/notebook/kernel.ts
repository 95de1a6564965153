import type { Kernel } from '@jupyterlab/services';
import { KernelMessage } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';

import { ProblemError, ownProblem } from '../problems';
import type { Problem, VariableRecord } from '../schema';

/**
 * The comm target and the code of dlaas.notebook; nothing is left in the user's namespace.
 */
const TARGET = 'dlaas';
const LOAD = "__import__('dlaas.notebook').notebook.load()";
const PATIENCE = 3000;

/**
 * A variable as the kernel now shows it.
 */
export interface IVariable {
  variableName: string;
  did: string;
  text: string;
}

/**
 * What the panel asks of a kernel. With `renew` a name that the user has given to something else is left alone.
 */
export type Message =
  | {
      action: 'attach';
      handover: string | null;
      variables: VariableRecord[];
      renew?: boolean;
    }
  | {
      action: 'rename';
      handover: string | null;
      name: string;
      variable: VariableRecord;
    }
  | { action: 'detach'; names: string[] };

type Reply =
  { ok: true; variables: IVariable[] } | { ok: false; problem: Problem };

/**
 * A comm of JupyterLab 4.4 or later.
 */
interface ISubshellComm extends Kernel.IComm {
  subshellStarted?: Promise<void>;
}

/**
 * Send a message to a kernel and wait for its answer; rejects with a ProblemError.
 *
 * It goes over a comm on a subshell, so that a busy kernel hears it as well. A kernel that does not know the comm
 * is asked to load the library first.
 */
export async function tell(
  kernel: Kernel.IKernelConnection,
  message: Message
): Promise<IVariable[]> {
  const { language_info: language } = await whileAlive(kernel, kernel.info);
  if (language.name !== 'python') {
    const details = { language: language.name };
    throw new ProblemError(ownProblem('OtherLanguage', 'you', details));
  }
  let reply = await overComm(kernel, message);
  if (!reply) {
    await load(kernel);
    reply = await overComm(kernel, message);
  }
  if (!reply) {
    const details = { text: 'No answer came over the comm.' };
    throw new ProblemError(ownProblem('KernelFailed', 'us', details));
  }
  if (!reply.ok) {
    throw new ProblemError(reply.problem);
  }
  return reply.variables;
}

/**
 * The kernel's answer, or null if nobody listens there.
 */
async function overComm(
  kernel: Kernel.IKernelConnection,
  message: Message
): Promise<Reply | null> {
  // The kernel owns the comm: it closes it when it has answered.
  // eslint-disable-next-line jupyter/require-disposable-transfer
  const comm = kernel.createComm(TARGET);
  try {
    // Without a subshell the message waits for the running cell, as everything did before.
    await within(
      PATIENCE,
      kernel.supportsSubshells
        ? (comm as ISubshellComm).subshellStarted
        : undefined
    );
    return await whileAlive(
      kernel,
      new Promise<Reply | null>((resolve, reject) => {
        comm.onMsg = msg => resolve(msg.content.data as unknown as Reply);
        comm.onClose = () => resolve(null);
        const future = comm.open(message as unknown as JSONObject);
        future.done.then(
          // The answer comes before the kernel says that it is done; else there is none.
          () => setTimeout(() => resolve(null), 50),
          reject
        );
      })
    );
  } finally {
    // The kernel closes the comm itself; one that it never closed must not keep the subshell.
    setTimeout(() => comm.isDisposed || comm.dispose(), PATIENCE);
  }
}

/**
 * Have the kernel load the library, on a subshell where there are any.
 */
async function load(kernel: Kernel.IKernelConnection): Promise<void> {
  const subshell = await createSubshell(kernel);
  const content: KernelMessage.IExecuteRequestMsg['content'] = {
    code: LOAD,
    silent: true,
    store_history: false,
    allow_stdin: false,
    stop_on_error: false,
    user_expressions: {}
  };
  try {
    const future = subshell
      ? kernel.sendShellMessage(
          KernelMessage.createMessage({
            msgType: 'execute_request',
            channel: 'shell',
            username: kernel.username,
            session: kernel.clientId,
            subshellId: subshell,
            content
          }),
          true
        )
      : kernel.requestExecute(content);
    const reply = await whileAlive(kernel, Promise.resolve(future.done));
    check(reply as KernelMessage.IExecuteReplyMsg | undefined);
  } finally {
    if (subshell && !kernel.isDisposed) {
      kernel.requestDeleteSubshell({ subshell_id: subshell });
    }
  }
}

async function createSubshell(
  kernel: Kernel.IKernelConnection
): Promise<string | null> {
  if (!kernel.supportsSubshells) {
    return null;
  }
  const reply = await within(PATIENCE, kernel.requestCreateSubshell({}).done);
  return reply?.content.subshell_id ?? null;
}

function check(reply: KernelMessage.IExecuteReplyMsg | undefined): void {
  if (reply?.content.status === 'ok') {
    return;
  }
  if (reply?.content.status === 'error') {
    const { ename, evalue } = reply.content;
    const isMissing =
      ename === 'ModuleNotFoundError' && /'dlaas(\.notebook)?'/.test(evalue);
    throw new ProblemError(
      isMissing
        ? ownProblem('KernelWithoutLibrary', 'you')
        : ownProblem('KernelFailed', 'us', { text: `${ename}: ${evalue}` })
    );
  }
  throw new ProblemError(ownProblem('KernelGone', 'us'));
}

/**
 * A promise's value, or undefined when it takes too long or fails.
 */
async function within<T>(
  milliseconds: number,
  promise: Promise<T> | undefined
): Promise<T | undefined> {
  let timer = 0;
  const patience = new Promise<undefined>(resolve => {
    timer = window.setTimeout(() => resolve(undefined), milliseconds);
  });
  try {
    return await Promise.race([promise, patience]);
  } catch {
    return undefined;
  } finally {
    window.clearTimeout(timer);
  }
}

/**
 * A promise's value, unless the kernel goes away first.
 */
async function whileAlive<T>(
  kernel: Kernel.IKernelConnection,
  promise: Promise<T>
): Promise<T> {
  let watch: () => void = () => undefined;
  const gone = new Promise<never>((_, reject) => {
    watch = () => {
      if (
        kernel.isDisposed ||
        ['dead', 'restarting', 'autorestarting', 'terminating'].includes(
          kernel.status
        )
      ) {
        reject(new ProblemError(ownProblem('KernelGone', 'us')));
      }
    };
    kernel.statusChanged.connect(watch);
    kernel.disposed.connect(watch);
    watch();
  });
  try {
    return await Promise.race([promise, gone]);
  } finally {
    kernel.statusChanged.disconnect(watch);
    kernel.disposed.disconnect(watch);
  }
}
