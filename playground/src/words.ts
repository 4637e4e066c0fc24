/** The page's own words, in each of its languages. Findings stay as the engine writes them. */

import { EditorState, type Extension } from '@codemirror/state';

import { Value } from './dom.ts';

const plural = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`;

/** Returns the counts that are not zero. */
const listed = (separator: string, ...counts: [count: number, one: string, many?: string][]) =>
  counts.flatMap(([count, one, many = one]) => (count > 0 ? [plural(count, one, many)] : [])).join(separator);

/** The same in English and in Chinese. */
class Pair<T> {
  constructor(
    readonly en: T,
    readonly zh: T,
  ) {}
}

const both = <T>(en: T, zh: NoInfer<T>) => new Pair(en, zh);

const TABLE = {
  title: both('ECI playground', 'ECI 演练场'),
  tagline: both('Nothing is uploaded.', '不会上传任何内容。'),
  language: both('中文', 'English'),
  languageLabel: both('Show this page in Chinese', '切换为英文页面'),
  theme: {
    auto: both('Theme: system', '主题：跟随系统'),
    light: both('Theme: light', '主题：浅色'),
    dark: both('Theme: dark', '主题：深色'),
  },
  engine: both((version: string) => `engine ${version}`,
    (version) => `引擎 ${version}`),
  manifest: both('Manifest', '清单'),
  examples: both('Examples', '示例'),
  chooseExample: both('Examples…', '示例…'),
  exampleGroups: {
    charts: both('Charts that people install', '常用的 Chart'),
    inputs: both('Kinds of input', '输入类型'),
    bad: both('Rules: found', '规则：会触发'),
    good: both('Rules: repaired by hand', '规则：手动修改后'),
  },
  exampleNames: {
    elasticsearch: both('Elasticsearch, vm.max_map_count', 'Elasticsearch，vm.max_map_count'),
    'ingress-controller': both('Ingress controller, NET_BIND_SERVICE', 'Ingress Controller，NET_BIND_SERVICE'),
    'node-exporter': both('Node exporter, hostNetwork', 'Node Exporter，hostNetwork'),
    nginx: both('nginx, restricted', 'nginx，restricted 级别'),
    'service-mesh': both('Service mesh, iptables', '服务网格，iptables'),
    'build-agent': both('CI runner, Docker in Docker', 'CI Runner，Docker in Docker'),
    documents: both('Several documents and a List', '多个文档和 List'),
  },
  open: both('Open file…', '打开文件…'),
  profile: both('Profile', 'Profile'),
  profileOfSettings: both('from the settings', '以参数为准'),
  share: both('Share…', '分享…'),
  tabs: {
    findings: both('Findings', '检查结果'),
    repair: both('Repair', '修复'),
    effective: both('On ECI', '在 ECI 上'),
    profiles: both('Profiles', 'Profile 对比'),
    request: both('API request', 'API 请求'),
    settings: both('Settings', '参数'),
  },
  results: both('Results', '结果'),

  loading: both('The engine is loading…', '正在加载引擎…'),
  scope: {
    certain: both('runs on ECI', '运行在 ECI 上'),
    possible: both('may run on ECI', '可能运行在 ECI 上'),
    no: both('not ECI: not checked', '不运行在 ECI 上，未检查'),
    none: both('no pod in it', '不包含 Pod'),
    unread: both('not read', '无法读取'),
  },
  because: both((reason: string) => `because: ${reason}`,
    (reason) => `依据：${reason}`),
  assume: both('Assume ECI', '视为运行在 ECI 上'),
  assumeHint: both('Treats every pod as one that runs on ECI, as in ACK Serverless.',
    '将所有 Pod 视为运行在 ECI 上，例如 ACK Serverless 集群。'),
  nothing: both('There is no Kubernetes object to check yet. Paste a manifest, or choose an example.',
    '还没有可检查的 Kubernetes 对象。请粘贴清单，或者选择示例。'),
  moreObjects: both((count: number) => plural(count, 'more object', 'more objects'),
    (count) => `另外 ${count} 个对象`),
  dockerRun: both('This is a docker run command.', '这是一条 docker run 命令。'),
  convertDocker: both('Convert it to a pod', '转换为 Pod'),

  counts: both((denied: number, repaired: number, warned: number) =>
      listed(', ', [denied, 'error', 'errors'], [repaired, 'repair', 'repairs'], [warned, 'warning', 'warnings']),
    (denied, repaired, warned) => listed('，', [denied, '个错误'], [repaired, '处修复'], [warned, '个警告'])),
  clean: both('No problems found.', '未发现问题。'),
  moreFindings: both((count: number) => `${count} more are not listed here.`, (count) => `还有 ${count} 个未列出。`),
  noFindings: both('Nothing was checked.', '未检查任何内容。'),
  action: {
    deny: both('denied', '拒绝'),
    fix: both('repaired', '修复'),
    warn: both('warning', '警告'),
    audit: both('audit only', '仅审计'),
    off: both('off', '关闭'),
  },
  suppressedBy: both('suppressed by a comment', '已被注释忽略'),
  effect: {
    refused: both('refused', '被拒绝'),
    lost: both('lost', '丢失'),
    overridden: both('overridden', '被覆盖'),
    ignored: both('ignored', '被忽略'),
  },
  effectMeaning: {
    refused: both('ECI, the API server or the runtime refuses the pod, or a container never starts.',
      'ECI、API Server 或容器运行时拒绝该 Pod，或者某个容器始终无法启动。'),
    lost: both('ECI does not read the field where it stands, but reads it elsewhere.',
      'ECI 不读取此处的字段，但会在其他位置读取。'),
    overridden: both('ECI replaces the value by its fixed value.', 'ECI 用固定值替换该值。'),
    ignored: both('The field has no effect on ECI.', '该字段在 ECI 上不生效。'),
  },
  problem: both('not read', '无法读取'),
  remark: both('remark', '提示'),
  line: both((line: number) => `line ${line}`,
    (line) => `第 ${line} 行`),
  goTo: both((line: number) => `Go to line ${line}`,
    (line) => `转到第 ${line} 行`),
  onEci: both('Effect', '后果'),
  field: both('Field', '字段'),
  help: both('What to do', '处理方法'),
  note: both('Note', '说明'),
  fixIs: both('Repair', '修复方式'),
  repair: both('Repair', '修复'),
  suppress: both('Suppress…', '忽略…'),
  suppressReason: both('Reason, for the comment', '写入注释的原因'),
  suppressDefault: both('reviewed', '已评审'),
  suppressApply: both('Add the comment', '添加注释'),
  cannotSuppress: both('No comment can be written here.', '此处无法写入注释。'),
  approve: both('Add approval to settings', '将审批添加到参数'),
  approvedDone: both('The approval is in the settings now. Alibaba Cloud gives it by ticket.',
    '审批已添加到参数。阿里云通过工单开通相应的权限。'),
  noApproval: both('The profile has no such approval.', '当前 Profile 不支持该审批。'),
  rulePage: both('Why, and the source', '原因和出处'),
  fullPage: both('The rule’s page on GitHub', 'GitHub 上的规则页面'),
  exampleKinds: { bad: both('Found by the rule', '会触发该规则'), good: both('Not found', '不会触发') },
  tryIt: both('Try it', '试一试'),

  repairable: both((count: number) => `${plural(count, 'finding', 'findings')} can be repaired.`,
    (count) => `可以修复 ${count} 个问题。`),
  noRepair: both('There is nothing to repair.', '没有需要修复的内容。'),
  remaining: both((count: number) => `${plural(count, 'denial remains', 'denials remain')} to be changed by hand.`,
    (count) => `还有 ${count} 个会被拒绝的问题需要手动修改。`),
  repairAll: both('Apply all', '全部应用'),
  repairOne: both('Apply', '应用'),
  copyRepaired: both('Copy the repaired text', '复制修复后的内容'),
  copied: both('Copied.', '已复制。'),
  notCopied: both('The browser refused to copy. Select the text and copy it.',
    '浏览器拒绝复制，请选中内容后手动复制。'),
  copy: both('Copy', '复制'),
  before: both('As written', '原内容'),
  after: both('Repaired', '修复后'),

  nothingEffective: both('No pod here runs on ECI.', '这里没有运行在 ECI 上的 Pod。'),
  container: {
    containers: both('container', '容器'),
    initContainers: both('init container', 'Init 容器'),
    ephemeralContainers: both('ephemeral container', '临时容器'),
  },
  sidecar: both('sidecar', 'Sidecar'),
  windows: both('This pod is for Windows. ECI’s rules for Windows are not known.',
    '该 Pod 面向 Windows，ECI 对 Windows 的规则未知。'),
  goToContainer: both('Go to the container', '转到该容器'),
  setting: both('Setting', '字段'),
  asWritten: both('As written', '清单中的值'),
  asKubernetes: both('As Kubernetes computes it', 'Kubernetes 的结果'),
  asEci: both('As ECI runs it', 'ECI 的实际值'),
  notGranted: both('not granted', '未授予'),
  from: {
    container: both('container', '容器'),
    pod: both('pod', 'Pod'),
    image: both('from the image', '由镜像决定'),
    default: both('default', '默认值'),
    fixed: both('fixed by ECI', 'ECI 固定值'),
    notOffered: both('not a setting of ECI', 'ECI 未提供'),
    notGranted: both('not granted', '未授予'),
  },
  sysctls: both('Sysctls', 'Sysctl'),
  sysctlValue: both('Value', '值'),
  channel: {
    field: both('securityContext.sysctls', 'securityContext.sysctls'),
    hostAnnotation: both('annotation eci-host-sysctls', '注解 eci-host-sysctls'),
  },
  outcome: both('taken', '生效'),
  writtenIn: both('Written in', '位置'),
  instance: both((size: string, reason: string) => `Instance memory: ${size} (${reason})`,
    (size, reason) => `实例内存：${size}（${reason}）`),
  unknownSize: both('not known', '未知'),
  refusedPod: both('ECI refuses this pod:', 'ECI 会拒绝该 Pod：'),

  profileFrom: both('From', '原 Profile'),
  profileTo: both('To', '新 Profile'),
  sameVerdict: both((count: number) => `Both profiles give the same verdict for ${plural(count, 'object', 'objects')}.`,
    (count) => `${count} 个对象在两个 Profile 下结论相同。`),
  changedVerdicts: both(
    (changed: number, all: number) => `The verdict changes for ${changed} of ${plural(all, 'object', 'objects')}.`,
    (changed, all) => `${all} 个对象中有 ${changed} 个结论不同。`),
  verdict: {
    denied: both('denied', '拒绝'),
    repaired: both('repaired', '修复'),
    'accepted with warnings': both('accepted with warnings', '接受并给出警告'),
    accepted: both('accepted', '接受'),
  },
  notFound: both('not found', '未触发'),
  differences: both('Differences between the profiles', '两个 Profile 的差异'),
  sources: both('Sources', '出处'),
  finding: both('Finding', '问题'),

  requestIntro: both('The security part of the pod, as ECI’s API CreateContainerGroup takes it.',
    'Pod 的安全配置，以 ECI API CreateContainerGroup 的参数表示。'),
  asLines: both('Name=value', '参数=值'),
  asJson: both('JSON', 'JSON'),

  settingsIntro: both('The policy’s settings, in YAML or JSON. Ctrl+Space lists the keys.',
    '策略的参数，格式为 YAML 或 JSON。按 Ctrl+空格键可列出可用的键。'),
  settingsEditor: both('Settings of the policy', '策略的参数'),
  settingsValid: both('The settings are valid.', '参数有效。'),
  settingsBroken: both('The settings are invalid, so the text is not checked.', '参数无效，因此未检查清单。'),

  shareTitle: both('Share and export', '分享和导出'),
  shareLink: both('Copy a link', '复制链接'),
  shareLinkHint: both('The text and the settings are in the link itself, after the #. No server receives them.',
    '内容和参数保存在链接的 # 之后，不会发送到任何服务器。'),
  shareIssue: both('Open as an issue', '提交 Issue'),
  shareIssueHint: both('GitHub opens a form with the text, for a wrong verdict. You decide whether to send it.',
    '如果结论有误，GitHub 会打开包含该内容的表单，是否提交由您决定。'),
  issueShortened: both('The text is too long for a link, so its end is left out.', '内容过长，链接中省略了末尾部分。'),
  shareSarif: both('Download SARIF', '下载 SARIF'),
  shareSarifHint: both('For code scanning and editors.', '用于代码扫描和编辑器。'),
  shareCi: both('Check in CI', '在 CI 中检查'),
  shareCiHint: both('The same settings in a workflow of GitHub.', '在 GitHub 工作流中使用相同的参数。'),
  copyCi: both('Copy the workflow', '复制工作流'),
  close: both('Close', '关闭'),
  linkBroken: both('The link is damaged or from a newer page, so its text is not here. This is an example instead.',
    '链接已损坏或来自更新版本的页面，无法恢复其中的内容。当前显示的是示例。'),

  tooLarge: both((size: number, most: number) =>
      `The text has ${size} MiB, and this page takes ${most} MiB. The command eci-policy reads files of any size.`,
    (size, most) => `内容约 ${size} MiB，本页最多支持 ${most} MiB。命令 eci-policy 可以读取任意大小的文件。`),
  notText: both('The file is not text in UTF-8, so it was not opened.', '该文件不是 UTF-8 文本，因此未打开。'),
  failure: {
    load: both('The engine did not start, so nothing is checked. It needs a browser with WebAssembly.',
      '引擎未能启动，因此未检查任何内容。请使用支持 WebAssembly 的浏览器。'),
    slow: both('The engine took too long and was stopped. It starts again when you change the text.',
      '引擎用时过长，已被停止。修改内容后会重新启动。'),
    InternalError: both('The engine failed on this text. It starts again when you change the text.',
      '引擎处理该内容时出错。修改内容后会重新启动。'),
  },
};

export type Language = 'en' | 'zh';

type Spoken<T> = T extends Pair<infer Said> ? Said : { [Key in keyof T]: Spoken<T[Key]> };
export type Words = Spoken<typeof TABLE>;

/** Returns a table with the words of one language. */
function spoken<T extends object>(table: T, language: Language): Spoken<T> {
  const said = (value: object) => (value instanceof Pair ? value[language] : spoken(value, language));
  return Object.fromEntries(Object.entries(table).map(([key, value]) => [key, said(value)])) as Spoken<T>;
}

const WORDS = { en: spoken(TABLE, 'en'), zh: spoken(TABLE, 'zh') };

/** The editor's own words. It has English ones. */
const EDITOR: Record<string, string> = {
  ...{ Diagnostics: '问题', 'No diagnostics': '没有问题', Completions: '补全', '$ unchanged lines': '$ 行未变化' },
  ...{ Find: '查找', next: '下一个', previous: '上一个', all: '全部', close: '关闭' },
  ...{ Replace: '替换', replace: '替换', 'replace all': '全部替换' },
  ...{ 'match case': '区分大小写', 'by word': '全字匹配', regexp: '正则表达式' },
};

export const language = new Value<Language>('en');

/** Returns the words of the page's language. */
export const words = (): Words => WORDS[language.get()];

/** Returns a word by a key that may be unknown. */
export const known = (table: object, key: string): string | undefined => (table as Record<string, string>)[key];

/** Returns the editor's words in the page's language. */
export const phrases = (): Extension => EditorState.phrases.of(language.get() === 'zh' ? EDITOR : {});
