/** Puts the page together. */

import './style/base.css';
import './style/layout.css';
import './style/panels.css';

import { mount as editor, write } from './editor/manifest.ts';
import { notify } from './notice.ts';
import * as banner from './panels/banner.ts';
import * as findings from './panels/findings.ts';
import * as tabs from './panels/tabs.ts';
import * as session from './session.ts';

const part = (id: string) => document.querySelector<HTMLElement>(`#${id}`)!;

editor(part('manifest'), notify, []);
banner.mount(part('banner'));
tabs.mount(part('results'), [['findings', findings.mount]]);
write('apiVersion: v1\n');
session.begin();
