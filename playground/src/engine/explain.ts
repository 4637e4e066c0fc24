/** The pages of the rules. The engine is asked once for each. */

import { call } from './client.ts';
import type { Explained, RuleId } from './engine.ts';

const pages = new Map<RuleId, Promise<Explained | undefined>>();

/** Returns the page of a rule. */
export function explain(rule: RuleId): Promise<Explained | undefined> {
  const page = pages.get(rule) ?? call('explain', [rule], `explain ${rule}`);
  pages.set(rule, page);
  page.catch(() => pages.delete(rule));
  return page;
}
