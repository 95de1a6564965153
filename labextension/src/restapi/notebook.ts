import type { Settings } from '../request';
import { get, send } from '../request';
import type { Job, PublishRequest, Snippet } from '../schema';

/**
 * The cells that are ready for one variable, in a kernel's language.
 */
export function listSnippets(
  settings: Settings,
  instance: string,
  wanted: { did: string; name: string; language: string }
): Promise<Snippet[]> {
  return get(settings, [instance, 'snippets'], wanted);
}

export function publish(
  settings: Settings,
  instance: string,
  request: PublishRequest
): Promise<Job> {
  return send(settings, 'POST', [instance, 'publications'], request);
}
