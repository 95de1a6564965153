import type { TranslationBundle } from '@jupyterlab/translation';

import type { Problem } from './schema';

/**
 * An error that carries a Problem, whoever found it.
 */
export class ProblemError extends Error {
  constructor(
    readonly problem: Problem,
    readonly status = 0
  ) {
    super(`${problem.message} ${problem.remedy}`.trim());
    this.name = problem.error;
  }
}

/**
 * A problem that the panel found itself; its words come from `explain`, in the user's language.
 */
export function ownProblem(
  error: OwnError,
  blame: Problem['blame'],
  details: Problem['details'] = {}
): Problem {
  return { error, message: '', blame, remedy: '', details };
}

export type OwnError =
  | 'ExtensionMissing'
  | 'JupyterSessionOver'
  | 'JupyterUnreachable'
  | 'AnswerBroken'
  | 'KernelWithoutLibrary'
  | 'KernelGone'
  | 'KernelFailed'
  | 'OtherLanguage'
  | 'PopupBlocked'
  | 'PopupGone'
  | 'PanelFailed';

/**
 * Any error as a Problem.
 */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) {
    return error.problem;
  }
  const text = error instanceof Error ? error.message : String(error);
  return ownProblem('PanelFailed', 'us', { text });
}

/**
 * Whether a login would help.
 */
export function needsLogin(problem: Problem): boolean {
  return ['LoginRequired', 'CannotAuthenticate'].includes(problem.error);
}

/**
 * Whether the very same request may work later.
 */
export function mayPass(problem: Problem): boolean {
  return problem.blame !== 'you' && !needsLogin(problem);
}

/**
 * What is shown of a problem.
 */
export interface IExplanation {
  title: string;
  message: string;
  remedy: string;
  fault: string;
}

/**
 * A problem in words: what happened, whose fault it is, what to do next.
 */
export function explain(
  problem: Problem,
  trans: TranslationBundle
): IExplanation {
  const own = ownWords(problem, trans);
  return {
    title: title(problem, trans),
    message: own?.message ?? problem.message,
    remedy: own?.remedy ?? remedyHere(problem, trans) ?? problem.remedy,
    // What the panel found itself is nobody's fault, or says whose.
    fault:
      own || problem.error === 'ConfigurationError'
        ? ''
        : fault(problem.blame, trans)
  };
}

/**
 * What to do next where the server's advice is meant for Python.
 */
function remedyHere(problem: Problem, trans: TranslationBundle): string | null {
  if (problem.details.found) {
    return trans.__('Take them out, and run or clear those cells.');
  }
  switch (problem.error) {
    case 'DuplicateRule':
      return trans.__('Extend that rule, or leave it as it is.');
    case 'NotAvailable':
      return trans.__('Make it available, then wait until it has come.');
    default:
      return null;
  }
}

function fault(blame: Problem['blame'], trans: TranslationBundle): string {
  switch (blame) {
    case 'you':
      return trans.__('Your input');
    case 'credential':
      return trans.__('Your credential');
    case 'rucio':
      return trans.__('Rucio');
    case 'storage':
      return trans.__('The storage');
    case 'network':
      return trans.__('The network');
    case 'us':
      return trans.__('This software');
  }
}

function title(problem: Problem, trans: TranslationBundle): string {
  const titles: { [error: string]: string } = {
    InvalidInput: trans.__('That cannot be right'),
    InvalidDID: trans.__('That is not a DID'),
    InvalidLifetime: trans.__('That is no lifetime'),
    InvalidRSEExpression: trans.__('That is no RSE expression'),
    InsufficientTargetRSEs: trans.__('There are too few RSEs'),
    WildcardRefused: trans.__('That search is too wide'),
    ConfigurationError: trans.__('The configuration is wrong'),
    DataIdentifierNotFound: trans.__('There is no such DID'),
    ScopeNotFound: trans.__('There is no such scope'),
    RuleNotFound: trans.__('There is no such rule'),
    RSENotFound: trans.__('There is no such RSE'),
    InstanceNotFound: trans.__('There is no such instance'),
    NotThere: trans.__('It is not there'),
    NotAvailable: trans.__('It is not here yet'),
    AlreadyThere: trans.__('It is there already'),
    DataIdentifierAlreadyExists: trans.__('That name is taken'),
    DuplicateRule: trans.__('You have such a rule already'),
    DiskFull: trans.__('The disk is full'),
    HandOverFailed: trans.__('Kernels do not have this login'),
    InvalidMetadata: trans.__('That is no metadata'),
    AccessDenied: trans.__('You are not allowed to'),
    Refused: trans.__('You are not allowed to'),
    InsufficientAccountLimit: trans.__('Your quota does not suffice'),
    StorageRefused: trans.__('The storage does not know you'),
    CannotAuthenticate: trans.__('The login did not work'),
    LoginRequired: trans.__('You are not logged in'),
    Unreachable: trans.__('There is no answer'),
    TookTooLong: trans.__('That took too long'),
    RuleStuck: trans.__('The rule is stuck'),
    Cancelled: trans.__('Cancelled'),
    RucioFailed: trans.__('Rucio failed'),
    StorageFailed: trans.__('The storage failed'),
    ChecksumMismatch: trans.__('The bytes are wrong'),
    ExtensionMissing: trans.__('The server part is missing'),
    JupyterSessionOver: trans.__('Jupyter does not let you in'),
    JupyterUnreachable: trans.__('Jupyter does not answer'),
    AnswerBroken: trans.__('The answer broke off'),
    KernelWithoutLibrary: trans.__('The kernel lacks the library'),
    KernelGone: trans.__('The kernel went away'),
    KernelFailed: trans.__('The kernel could not set it'),
    OtherLanguage: trans.__('This kernel does not speak Python'),
    PopupBlocked: trans.__('Your browser blocked the window'),
    PopupGone: trans.__('The login window is closed')
  };
  return (
    credentialTitle(problem, trans) ??
    titles[problem.error] ??
    trans.__('Something went wrong')
  );
}

/**
 * What is wrong with a login or with what it is made of, where the server knows.
 */
function credentialTitle(
  problem: Problem,
  trans: TranslationBundle
): string | undefined {
  const titles: { [why: string]: string } = {
    audience_mismatch: trans.__('The token is meant for another service'),
    clock_skew: trans.__('The clock is wrong'),
    expired: trans.__('It has expired'),
    issuer_mismatch: trans.__('The token is of another provider'),
    key_mismatch: trans.__('Certificate and key do not match'),
    missing: trans.__('There is no such file'),
    no_key: trans.__('The key is missing'),
    not_a_certificate: trans.__('That is no certificate'),
    not_yet_valid: trans.__('It is not valid yet'),
    other_account: trans.__('That is another account'),
    passphrase_needed: trans.__('The key has a passphrase'),
    passphrase_wrong: trans.__('The passphrase is wrong'),
    readable_by_others: trans.__('Others can read the key'),
    unknown_identity: trans.__('The lake does not know you')
  };
  return problem.blame === 'credential'
    ? titles[String(problem.details.why)]
    : undefined;
}

function ownWords(
  problem: Problem,
  trans: TranslationBundle
): { message: string; remedy: string } | null {
  const detail = (key: string) => String(problem.details[key] ?? '');
  switch (problem.error as OwnError) {
    case 'ExtensionMissing':
      return {
        message: trans.__('This Jupyter server does not know the data lake.'),
        remedy: trans.__(
          'Install jupyter-dlaas where the server runs, or enable it there: jupyter server extension enable jupyter_dlaas'
        )
      };
    case 'JupyterSessionOver':
      return {
        message: trans.__('Your session with the Jupyter server is over.'),
        remedy: trans.__('Reload this page and log in to Jupyter again.')
      };
    case 'JupyterUnreachable':
      return {
        message: trans.__('The Jupyter server of this page gives no answer.'),
        remedy: trans.__('Check your connection, then try again.')
      };
    case 'AnswerBroken':
      return {
        message: trans.__('The answer ended before it was complete.'),
        remedy: trans.__('Try again.')
      };
    case 'KernelWithoutLibrary':
      return {
        message: trans.__(
          'The library dlaas is not installed in the environment of this kernel.'
        ),
        remedy: trans.__(
          'Insert the cell that installs it, run it, then try again.'
        )
      };
    case 'KernelGone':
      return {
        message: trans.__('The kernel stopped or restarted meanwhile.'),
        remedy: trans.__('Try again when it is up.')
      };
    case 'KernelFailed':
      return {
        message: detail('text'),
        remedy: trans.__('Try again; if it stays, restart the kernel.')
      };
    case 'OtherLanguage':
      return {
        message: trans.__(
          'Variables can be set in Python kernels; this one runs %1.',
          detail('language')
        ),
        remedy: trans.__(
          'The names stay with the notebook. Read the files by their paths, or change to a Python kernel.'
        )
      };
    case 'PopupBlocked':
      return {
        message: trans.__('The page to log in is not open yet.'),
        remedy: trans.__('Open it by this link, or allow windows of this page.')
      };
    case 'PopupGone':
      return {
        message: trans.__('The login was not complete when it closed.'),
        remedy: trans.__(
          'Open it again; if you did finish there, or still see it, just wait.'
        )
      };
    case 'PanelFailed':
      return {
        message: detail('text'),
        remedy: trans.__('Please report this, with the text above.')
      };
    default:
      return null;
  }
}
