import type { Settings } from '../request';
import { get, send } from '../request';
import type {
  DownloadRequest,
  Job,
  JobFile,
  JobNote,
  UploadRequest
} from '../schema';
import { quiet } from './common';

export function upload(
  settings: Settings,
  instance: string,
  request: UploadRequest
): Promise<Job> {
  return send(settings, 'POST', [instance, 'uploads'], request);
}

export function download(
  settings: Settings,
  instance: string,
  request: DownloadRequest
): Promise<Job> {
  return send(settings, 'POST', [instance, 'downloads'], request);
}

export function listJobs(settings: Settings, isQuiet = false): Promise<Job[]> {
  return get(settings, ['jobs'], quiet(isQuiet));
}

export function getJob(
  settings: Settings,
  id: string,
  isQuiet = false
): Promise<Job> {
  return get(settings, ['jobs', id], quiet(isQuiet));
}

export function cancelJob(settings: Settings, id: string): Promise<Job> {
  return send(settings, 'DELETE', ['jobs', id]);
}

export function retryJob(settings: Settings, id: string): Promise<Job> {
  return send(settings, 'POST', ['jobs', id, 'retry']);
}

export function getJobLog(settings: Settings, id: string): Promise<JobNote[]> {
  return get(settings, ['jobs', id, 'log']);
}

export function getJobFiles(
  settings: Settings,
  id: string
): Promise<JobFile[]> {
  return get(settings, ['jobs', id, 'files']);
}
