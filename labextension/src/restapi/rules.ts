import type { Settings } from '../request';
import { get, send } from '../request';
import type {
  Explanation,
  Granted,
  QoS,
  RSE,
  Rule,
  RuleChangeRequest,
  RuleMoveRequest,
  RulePreview,
  RuleRequest
} from '../schema';

export function listRules(
  settings: Settings,
  instance: string,
  did: string,
  signal?: AbortSignal
): Promise<Rule[]> {
  return get(settings, [instance, 'rules'], { did }, signal);
}

export function addRule(
  settings: Settings,
  instance: string,
  request: RuleRequest
): Promise<Granted> {
  return send(settings, 'POST', [instance, 'rules'], request);
}

export function updateRule(
  settings: Settings,
  instance: string,
  id: string,
  change: Partial<RuleChangeRequest>
): Promise<Rule> {
  return send(settings, 'PATCH', [instance, 'rules', id], change);
}

/**
 * Why a rule is as it is.
 */
export function explainRule(
  settings: Settings,
  instance: string,
  id: string
): Promise<Explanation> {
  return get(settings, [instance, 'rules', id]);
}

/**
 * What a rule would mean, before it is made.
 */
export function checkRule(
  settings: Settings,
  instance: string,
  request: RuleRequest,
  signal?: AbortSignal
): Promise<RulePreview> {
  return send(settings, 'POST', [instance, 'rules', 'check'], request, signal);
}

/**
 * Have what a rule keeps put elsewhere.
 */
export function moveRule(
  settings: Settings,
  instance: string,
  id: string,
  request: RuleMoveRequest
): Promise<Granted> {
  return send(settings, 'POST', [instance, 'rules', id, 'move'], request);
}

export function deleteRule(
  settings: Settings,
  instance: string,
  id: string
): Promise<Rule> {
  return send(settings, 'DELETE', [instance, 'rules', id]);
}

export function listQoS(settings: Settings, instance: string): Promise<QoS[]> {
  return get(settings, [instance, 'qos']);
}

export function listRSEs(settings: Settings, instance: string): Promise<RSE[]> {
  return get(settings, [instance, 'rses']);
}
