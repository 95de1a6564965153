// Generated from dlaas.model by tools/generate_schema.py: do not edit.

/**
 * Who one is in Rucio.
 */
export interface Account {
  name: string;
  email: string | null;
}

/**
 * Download items into a folder of the server's content folder.
 *
 * `max_bytes` bounds each file that is not of a lake, to 10 GB unless told.
 */
export interface BasketDownloadRequest {
  ids: string[];
  folder: string;
  overwrite?: boolean;
  max_bytes?: number | null;
}

/**
 * One ESAP; `problem` says why its basket is not known, `typed` that a typed token is used.
 */
export interface BasketHost {
  host: string;
  problem: Problem | null;
  typed: boolean;
}

/**
 * An error as the HTTP API tells it.
 */
export interface Problem {
  error: string;
  message: string;
  blame: 'you' | 'credential' | 'rucio' | 'storage' | 'network' | 'us';
  remedy: string;
  details: {
    [k: string]: unknown;
  };
}

/**
 * Import a basket: a file, `path` as the file browser names it, or a `text`.
 */
export interface BasketImportRequest {
  path?: string | null;
  text?: string | null;
}

/**
 * All baskets together; `warnings` are of the last import.
 */
export interface BasketInfo {
  hosts: BasketHost[];
  items: BasketRow[];
  warnings: string[];
}

/**
 * One item of a basket: a DID of a lake, an address to download, or a page to look at.
 *
 * `id` names it as long as its content stays the same. `instance` is the lake of a DID, None where
 * none knows its scope; `host` the ESAP that has it, None for what was imported. `note` says why
 * nothing can be done with it.
 */
export interface BasketRow {
  id: string;
  archive: string;
  title: string;
  did: string | null;
  type: ('file' | 'dataset' | 'container') | null;
  bytes: number | null;
  url: string | null;
  link: string | null;
  note: string | null;
  instance: string | null;
  host: string | null;
}

/**
 * What became of one item that was to be downloaded: a transfer, or what went wrong.
 */
export interface BasketOutcome {
  id: string;
  job: Job | null;
  problem: Problem | null;
}

/**
 * A transfer that the server runs.
 *
 * `did` is what is downloaded, or what is uploaded: a file, or the dataset of several, None
 * without one. `source` is the path of what is uploaded, or the DID; `folder` is where a download
 * goes, None for the cache. `speed` is in bytes per second, None while nothing moves. In the state
 * `waiting` it goes on after the next login. `problem` says why it waits or failed; `attempt`
 * counts how often it was begun by a person.
 */
export interface Job {
  id: string;
  kind: 'upload' | 'download' | 'publish';
  instance: string;
  did: string | null;
  source: string;
  state: 'queued' | 'running' | 'waiting' | 'done' | 'failed' | 'cancelled';
  bytes: number;
  done_bytes: number;
  created_at: string | null;
  finished_at: string | null;
  result: Uploaded | null;
  problem: Problem | null;
  attempt: number;
  folder: string | null;
  files: number;
  done_files: number;
  failed_files: number;
  speed: number | null;
  origin: 'panel' | 'kernel';
}

/**
 * What an upload left in the lake; `new` is False where the same file was there already.
 */
export interface Uploaded {
  did: string;
  rse: string;
  bytes: number;
  adler32: string;
  rule: Rule | null;
  dataset: string | null;
  new: boolean;
}

/**
 * A replication rule: what is kept where, for how long, and how far that is.
 *
 * `subscription` is the name of the subscription that made it.
 */
export interface Rule {
  id: string;
  did: string;
  account: string;
  rse_expression: string;
  state: 'OK' | 'REPLICATING' | 'STUCK' | 'SUSPENDED' | 'WAITING_APPROVAL' | 'INJECT';
  copies: number;
  locks_ok: number;
  locks_replicating: number;
  locks_stuck: number;
  error: string | null;
  expires_at: string | null;
  created_at: string | null;
  updated_at: string | null;
  activity: string | null;
  comment: string | null;
  subscription: string | null;
}

/**
 * Read the baskets anew, or that of one `host`.
 *
 * `token` is kept in memory alone, for this host; an empty one takes back what was given before.
 */
export interface BasketReadRequest {
  host?: string | null;
  token?: string | null;
}

/**
 * Remove items, also from ESAP.
 */
export interface BasketRemoveRequest {
  ids: string[];
}

/**
 * Say which lake items are of; None lets it be found by their scopes.
 */
export interface BasketUseRequest {
  ids: string[];
  instance?: string | null;
}

/**
 * What the files of one instance take up in a cache.
 */
export interface CacheShare {
  instance: string;
  files: number;
  bytes: number;
}

/**
 * What a cache folder holds, and the room that its disk has.
 *
 * `bytes` are those of whole files and of parts; `private` says that nobody else may look into
 * the folder. `complete` is False where the folder has more files than were counted.
 */
export interface CacheUse {
  folder: string;
  files: number;
  bytes: number;
  free_bytes: number | null;
  total_bytes: number | null;
  private: boolean;
  complete: boolean;
  shares: CacheShare[];
}

/**
 * A certificate or proxy that was found below the home folder; `key` is None where it holds it.
 *
 * `problem` says why it cannot be used: it has expired, or others can read it.
 */
export interface CertificateFile {
  path: string;
  kind: 'pem' | 'pkcs12' | 'proxy';
  subject: string | null;
  expires_at: string | null;
  encrypted: boolean;
  key: string | null;
  problem: Problem | null;
}

/**
 * A hint that something changed, as pushed to the panel; a gap in `seq` means: ask again.
 *
 * `state` is that of the job.
 */
export interface Change {
  server: string;
  seq: number;
  kind: 'status' | 'job' | 'login';
  instance: string;
  did: string | null;
  job: string | null;
  state: ('queued' | 'running' | 'waiting' | 'done' | 'failed' | 'cancelled') | null;
}

/**
 * What was found, and for all but `ok` how to mend it.
 *
 * `about` is the instance, or this machine; `problem` is there for a problem, as the HTTP API
 * tells it.
 */
export interface Check {
  about: string;
  name: string;
  state: 'ok' | 'warning' | 'problem';
  message: string;
  remedy: string;
  problem: Problem | null;
}

/**
 * What was deleted from the cache; `in_use` files were left because somebody holds them.
 */
export interface Cleaned {
  files: number;
  bytes: number;
  in_use: number;
}

/**
 * The copies of a DID on one RSE, and how they would be read from here.
 *
 * `protocols` are those that the RSE speaks for reading, the preferred one first. `pfn` is there
 * for a file alone. `reason` says what is in the way where `access` is `none`.
 */
export interface Copies {
  rse: string;
  site: string | null;
  qos: string | null;
  tape: boolean;
  state: string;
  access: 'mount' | 'cache' | 'https' | 'root' | 'none';
  reason: string;
  files: number | null;
  available_files: number;
  bytes: number | null;
  available_bytes: number;
  protocols: string[];
  pfn: string | null;
}

/**
 * Ask when DIDs were made: a hundred at most.
 */
export interface DatesRequest {
  dids: string[];
}

/**
 * Download a DID into a folder of the server's content folder, or into the cache.
 *
 * The folder is made; files that are there are only replaced by others with `overwrite`.
 */
export interface DownloadRequest {
  did: string;
  folder?: string | null;
  overwrite?: boolean;
}

/**
 * One row of a search or of a collection's contents.
 *
 * `bytes` and `files` are None where the catalogue does not say without counting.
 */
export interface Entry {
  did: string;
  type: 'file' | 'dataset' | 'container';
  bytes: number | null;
  files: number | null;
  adler32: string | null;
}

/**
 * Why a rule is as it is: a sentence for people, and a page of the files that are missing.
 *
 * `complete` is False where more files are missing than `locks` holds.
 */
export interface Explanation {
  rule: Rule;
  reason: string;
  remedy: string;
  locks: Lock[];
  complete: boolean;
}

/**
 * One file of a rule on one RSE, and what its last transfer ended with.
 *
 * `sources` are the RSEs that have a copy that can be read.
 */
export interface Lock {
  did: string;
  rse: string;
  state: 'OK' | 'REPLICATING' | 'STUCK';
  error: string | null;
  attempts: number | null;
  sources: string[] | null;
  tried_at: string | null;
}

/**
 * What was granted when data was made available; `new` is False where a rule was there.
 */
export interface Granted {
  rule: Rule;
  new: boolean;
  note: string;
}

/**
 * What the panel may know of a configured instance.
 *
 * `activities` are those to choose from when data is made available; `embargoed_scopes` are
 * patterns of scopes.
 */
export interface InstanceInfo {
  name: string;
  display_name: string;
  default: boolean;
  login: Login;
  methods: ('userpass' | 'x509' | 'x509_proxy' | 'oidc' | 'device')[];
  destination_rse: string | null;
  upload_rse: string | null;
  default_lifetime: number | null;
  wildcard_enabled: boolean;
  problem: Problem | null;
  issuers: string[];
  webui_url: string | null;
  site: string | null;
  activities: string[];
  embargoed_scopes: string[];
}

/**
 * How one is logged in to an instance; never a secret.
 *
 * `expires_at` is the end of what is in force now, `credential_expires_at` that of the certificate
 * or proxy behind it. Where `renewable` the server gets a new token by itself before the end;
 * `expiring` says that nobody will. `identity` is who a provider or certificate says one is.
 * `problem` says why the state is `refused` or `expired`, or why it is `logged_out` although a
 * login is configured.
 */
export interface Login {
  state: 'logged_out' | 'pending' | 'logged_in' | 'expiring' | 'expired' | 'refused';
  account: string | null;
  method: ('userpass' | 'x509' | 'x509_proxy' | 'oidc' | 'device') | null;
  expires_at: string | null;
  problem: Problem | null;
  pending: PendingLogin | null;
  credential_expires_at: string | null;
  identity: string | null;
  renewable: boolean;
}

/**
 * What somebody has to do in a browser before a login goes on, and until when.
 *
 * For a `popup`, `url` is relative to the server's base URL and works once. For a `device`, `url`
 * is a page of the identity provider's and `code` what one types there.
 */
export interface PendingLogin {
  kind: 'popup' | 'device';
  url: string;
  code: string | null;
  expires_at: string;
}

/**
 * What became of one file of a transfer; `skipped` means that it was there already.
 */
export interface JobFile {
  did: string;
  path: string;
  outcome: 'uploaded' | 'renamed' | 'fetched' | 'skipped' | 'failed';
  bytes: number;
  problem: Problem | null;
}

/**
 * A line in the log of a transfer.
 */
export interface JobNote {
  at: string;
  text: string;
}

/**
 * A login by one method; passwords and passphrases are never kept on disk.
 *
 * `username` and `password` are for `userpass`; `certificate`, `key` (paths below the home folder,
 * as `~/...`) and `passphrase` for `x509` and `x509_proxy`; `issuer` for `oidc` where there are
 * several. `account` is another one than the login's own.
 */
export interface LoginRequest {
  method?: 'userpass' | 'x509' | 'x509_proxy' | 'oidc' | 'device';
  username?: string;
  password?: string;
  certificate?: string | null;
  key?: string | null;
  passphrase?: string | null;
  issuer?: string | null;
  account?: string | null;
}

/**
 * Look up names and patterns, a thousand at most; `limit` is for each pattern.
 *
 * `type` and `where` are those of a search.
 */
export interface LookUpRequest {
  names: string[];
  type?: string;
  where?: string | null;
  limit?: number;
}

/**
 * What the catalogue knows of a DID; `custom` holds what users and experiments added.
 *
 * `editable` says whether this account may set it, None where only trying tells.
 */
export interface Metadata {
  did: string;
  type: 'file' | 'dataset' | 'container';
  account: string;
  bytes: number | null;
  files: number | null;
  adler32: string | null;
  md5: string | null;
  open: boolean | null;
  created_at: string | null;
  custom: {
    [k: string]: unknown;
  };
  editable: boolean | null;
}

/**
 * Set metadata of a DID; what it has under other keys stays, a null takes a value away.
 */
export interface MetadataRequest {
  did: string;
  values: {
    [k: string]: unknown;
  };
}

/**
 * A file of open data; `urls` are its addresses without tickets.
 */
export interface OpenFile {
  did: string;
  bytes: number | null;
  adler32: string | null;
  urls: string[];
}

/**
 * A DID that is open data. None is what was not asked, or what it has not.
 *
 * `metadata` is what its publisher says of it; `record_id` is that of its page in a portal.
 */
export interface OpenItem {
  did: string;
  state: 'public' | 'draft' | 'suspended';
  doi: string | null;
  record_id: number | null;
  metadata: {
    [k: string]: unknown;
  } | null;
  created_at: string | null;
  updated_at: string | null;
  bytes: number | null;
  files: OpenFile[] | null;
}

/**
 * Publish a notebook of the server's content folder with all that it takes to repeat it.
 *
 * `notebook`, `code` and `outputs` are paths as the file browser names them; `inputs` are DIDs
 * beside those of the notebook's record. Without a `name` it gets one made of its contents.
 */
export interface PublishRequest {
  notebook: string;
  scope: string;
  name?: string | null;
  lifetime?: number | null;
  until?: string | null;
  inputs?: string[];
  code?: string[];
  outputs?: string[];
  environment?: 'all' | 'imported';
  note?: string | null;
  rse?: string | null;
  even_with_secrets?: boolean;
}

/**
 * A quality of service: its label, and the RSEs that have it with the expression for them.
 */
export interface QoS {
  label: string;
  expression: string;
  rses: string[];
}

/**
 * A storage element of the lake.
 */
export interface RSE {
  name: string;
  site: string | null;
  qos: string | null;
  writable: boolean;
  attributes: {
    [k: string]: unknown;
  };
}

/**
 * One copy of a file.
 */
export interface Replica {
  did: string;
  rse: string;
  pfn: string;
  state: string;
}

/**
 * Let a rule last for a lifetime (seconds) from now or until a time; `boost` tries a stuck one
 * again.
 */
export interface RuleChangeRequest {
  lifetime?: number | null;
  until?: string | null;
  boost?: boolean;
}

/**
 * Have what a rule keeps put elsewhere: on an RSE expression, or a quality of service.
 */
export interface RuleMoveRequest {
  rse_expression?: string | null;
  qos?: string | null;
}

/**
 * What a rule would mean, before it is made.
 *
 * `rses` are those that its expression means, `present_files` and `present_bytes` what one of them
 * has already (that with the most), None where that takes too long to find out; with `tape` the
 * rest has to come from tape. `quota_left` is what the account may still put there, for one copy,
 * None without a limit. `lifetime` and `expires_at` are what would be asked for. `rule` is the
 * account's own such rule that is there already; where it lasts long enough, nothing new is made
 * and `expires_at` is its own. `problem` is what stands in the way, as the act itself tells it.
 */
export interface RulePreview {
  did: string;
  rse_expression: string | null;
  rses: string[];
  files: number | null;
  bytes: number | null;
  present_files: number | null;
  present_bytes: number | null;
  tape: boolean;
  quota_left: number | null;
  lifetime: number | null;
  expires_at: string | null;
  rule: Rule | null;
  problem: Problem | null;
}

/**
 * Make a DID available for a lifetime (seconds), until a time, or the instance's default.
 *
 * `extend` lengthens the account's own shorter rule instead of refusing a second one.
 */
export interface RuleRequest {
  did: string;
  lifetime?: number | null;
  until?: string | null;
  rse_expression?: string | null;
  qos?: string | null;
  copies?: number;
  activity?: string | null;
  comment?: string | null;
  extend?: boolean;
}

/**
 * A cell that is ready to be run in a kernel's language.
 */
export interface Snippet {
  title: string;
  language: string;
  code: string;
}

/**
 * What became of one name of a list: what it names, and `missing` why that is nothing.
 *
 * A pattern may name many `entries`; where more of the same follow, `done` is False. `truncated`
 * says that there are more than were asked for.
 */
export interface Sought {
  name: string;
  entries: Entry[];
  done: boolean;
  truncated: boolean;
  missing: Problem | null;
}

/**
 * How much of a DID can be read from here, and until when, whatever the number of files.
 *
 * `rse` is the instance's destination RSE; `rules` are those that put the DID there. `access` is
 * how it would be read from here now, `path` the local path of an available file, `reason` a
 * sentence for people.
 */
export interface Status {
  did: string;
  type: 'file' | 'dataset' | 'container';
  state: 'available' | 'partial' | 'replicating' | 'stuck' | 'suspended' | 'waiting_approval' | 'absent' | 'empty';
  access: 'mount' | 'cache' | 'https' | 'root' | 'none';
  reason: string;
  files: number | null;
  available_files: number;
  bytes: number | null;
  available_bytes: number;
  rse: string | null;
  expires_at: string | null;
  path: string | null;
  rules: Rule[];
}

/**
 * Upload a file of the server's content folder, `path` as the file browser names it, as `did`;
 * or several files and folders, `paths`, each under its own name in `scope`.
 *
 * `duplicates` says what becomes of a file whose name is taken by another. The bytes go to the
 * first of `rses`, rules keep them on the others, too.
 */
export interface UploadRequest {
  path?: string | null;
  did?: string | null;
  dataset?: string | null;
  lifetime?: number | null;
  until?: string | null;
  rse?: string | null;
  paths?: string[];
  scope?: string | null;
  duplicates?: 'fail' | 'skip' | 'rename' | 'version';
  rses?: string[];
}

/**
 * What an account uses of an RSE and may use; `limit` None means without limit.
 *
 * With the locality `global` the limit is for all RSEs together that `rse`, an expression, means.
 */
export interface Usage {
  rse: string;
  bytes: number;
  files: number;
  limit: number | null;
  locality: 'local' | 'global';
}

/**
 * A DID that a notebook holds under a name, as its metadata keeps it (key `rucio_attachments`).
 *
 * The first three keys are the incumbent's; `instance` None means the default one.
 */
export interface VariableRecord {
  variableName: string;
  did: string;
  type: 'file' | 'collection';
  instance: string | null;
}
