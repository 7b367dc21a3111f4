// Written by scripts/bpmnlint_plugin.py from the modules of this plugin.
(function() {
const modules = {
"client/client.js": function(module, require) {
'use strict';

const { configs } = require('index.js');
const createRule = require('lib/rule.js');

const PACKAGE = 'bpmnlint-plugin-catalyst-groq';

const resolver = {
  resolveRule(pkg, name) {
    if (pkg !== PACKAGE) {
      throw new Error(`unknown rule <${pkg}/${name}>`);
    }

    return createRule(name);
  },
  resolveConfig(pkg, name) {
    throw new Error(`unknown config <${pkg}/${name}>`);
  }
};

// As registerClientPlugin of camunda-modeler-plugin-helpers does.
window.plugins = window.plugins || [];
window.plugins.push({ plugin: { config: configs.recommended, resolver }, type: 'lintRules.bpmn' });
},
"index.js": function(module, require) {
'use strict';

const table = require('lib/table.json');

const LEVELS = { error: 'error', warning: 'warn', hint: 'info' };

/** What bpmnlint reads (`configs`, `rules`), and what the Camunda Modeler reads (`name`, `script`). */
module.exports = {
  name: 'Catalyst - Groq lint',
  script: './client/client.bundle.js',
  configs: {
    recommended: {
      rules: Object.fromEntries(
        Object.entries(table.rules).map(([ id, { severity } ]) => [ `catalyst-groq/${id}`, LEVELS[severity] ])
      )
    }
  },
  rules: Object.fromEntries(Object.keys(table.rules).map(id => [ id, `./rules/${id}` ]))
};
},
"lib/check.js": function(module, require) {
'use strict';

const { constant, readOwnTask } = require('lib/task.js');

/** Return a check of all tasks of this worker. */
function ofTask(check) {
  return (node, report) => {
    const task = readOwnTask(node);

    return task && check(task, report);
  };
}

/** Return a check of one field that holds no placeholder. */
function ofField(name, check) {
  return ofTask((task, report) => {
    const text = name in task.fields ? constant(task, name) : undefined;

    return text && check(text, report, task);
  });
}

module.exports = { ofField, ofTask };
},
"lib/diagramChecks.js": function(module, require) {
'use strict';

const { ofTask } = require('lib/check.js');
const { attribute, elementsOf, extensions, is, kindOf, parts, scopesOf } = require('lib/elements.js');
const { isMultiInstance, outputsOf } = require('lib/mappingChecks.js');
const { shorten } = require('lib/messages.js');
const { closest } = require('lib/similarity.js');
const { isTemplated, readExternalTask, readOwnTask } = require('lib/task.js');
const table = require('lib/table.json');

/** Find fields and templates of this worker on elements that are no external tasks. */
function checkElement(node, report) {
  const owner = is(node, 'bpmn:MessageEventDefinition') ? node.$parent : node;

  if (!is(node, 'bpmn:BaseElement') || readExternalTask(owner) || !(hasFields(node) || isTemplated(node))) {
    return;
  }

  report({ kind: kindOf(owner) }, owner);
}

function hasFields(node) {
  return [ ...propertiesOf(node), ...extensions(node, 'field') ].some(({ name }) => (name || '').startsWith(table.fieldPrefix));
}

function propertiesOf(node) {
  return extensions(node, 'properties').flatMap(group => parts(group, 'values', 'property'));
}

function ofForeignTopic(isMisspelt) {
  return (node, report) => {
    const task = readExternalTask(node);

    if (!task || table.topics.includes(task.topic) || task.isTopicComputed || !task.hasFields) {
      return;
    }

    const near = closest(task.topic, table.topics);

    if (Boolean(near) === isMisspelt) {
      report({ topic: shorten(task.topic), topics: table.topics.join(', '), near });
    }
  };
}

/** Find properties without a name, which the engine cannot send to any worker. */
function checkPropertyNames(node, report) {
  const items = readExternalTask(node) ? propertiesOf(node) : [];

  if (items.some(({ name }) => name === undefined)) {
    report({});
  }
}

function checkTemplate({ element }, report) {
  const newest = table.templateVersions[attribute(element, 'modelerTemplate')];
  const version = attribute(element, 'modelerTemplateVersion') || '';

  if (newest && /^\d+$/.test(version) && Number(version) < newest) {
    report({ version, newest });
  }
}

function checkRetryCycle({ element }, report) {
  if (extensions(element, 'failedJobRetryTimeCycle').length) {
    report({});
  }
}

/** Find executable processes with a task of this worker, but without a time to live. */
function checkTimeToLive(node, report) {
  if (!is(node, 'bpmn:Process') || !isExecutable(node) || (attribute(node, 'historyTimeToLive') || '').trim()) {
    return;
  }

  if (elementsOf(node).some(readOwnTask)) {
    report({});
  }
}

/** Where the attribute is missing, the engine executes the process. */
function isExecutable(process) {
  return process.isExecutable || !Object.hasOwn(process, 'isExecutable');
}

function loopsAround(element) {
  return scopesOf(element).filter(({ loopCharacteristics }) => isMultiInstance(loopCharacteristics));
}

function collects({ fields }) {
  return Boolean(fields[table.collectField].trim());
}

function checkOutputParameters({ element }, report) {
  if (isMultiInstance(element.loopCharacteristics) && outputParameters(element).length) {
    report({});
  }
}

function outputParameters(element) {
  return extensions(element, 'inputOutput').flatMap(group => parts(group, 'outputParameters', 'outputParameter'));
}

function checkAsync(task, report) {
  const loops = loopsAround(task.element);
  const isOwn = isMultiInstance(task.element.loopCharacteristics);
  const asynchronous = [ ...loops.map(({ loopCharacteristics }) => loopCharacteristics), ...(isOwn ? [] : [ task.element ]) ];

  if (loops.some(isParallel) && !collects(task) && !asynchronous.some(part => attribute(part, 'asyncAfter') === 'true')) {
    report({});
  }
}

function isParallel({ loopCharacteristics }) {
  return !loopCharacteristics.isSequential;
}

function checkSharedOutputs(task, report) {
  const isOwn = isMultiInstance(task.element.loopCharacteristics);
  const loop = isOwn ? task.element : loopsAround(task.element).find(isParallel);
  const names = loop && !collects(task) ? sharedOutputs(task, loop) : [];

  if (names.length) {
    report({ names: names.map(name => shorten(name)).join(', ') });
  }
}

/** Return the outputs that no scope within the loop makes local to an item. */
function sharedOutputs(task, loop) {
  const { element } = task;
  const hasEndListener = extensions(element, 'executionListener').some(({ event }) => event === 'end');

  if (loop === element && hasEndListener) {
    return [];
  }

  const scopes = scopesOf(element);
  const local = scopes.slice(0, scopes.indexOf(loop) + 1)
    .flatMap(scope => extensions(scope, 'inputOutput'))
    .flatMap(group => parts(group, 'inputParameters', 'inputParameter'))
    .map(({ name }) => name);

  return [ ...new Set(outputsOf(task)) ].filter(name => !local.includes(name));
}

module.exports = {
  'template-on-wrong-element': checkElement,
  'nameless-property': checkPropertyNames,
  'misspelt-topic': ofForeignTopic(true),
  'other-topic': ofForeignTopic(false),
  'old-template': ofTask(checkTemplate),
  'missing-time-to-live': checkTimeToLive,
  'engine-retry-cycle': ofTask(checkRetryCycle),
  'multi-instance-output-parameter': ofTask(checkOutputParameters),
  'multi-instance-one-variable': ofTask(checkSharedOutputs),
  'parallel-without-async': ofTask(checkAsync)
};
},
"lib/elements.js": function(module, require) {
'use strict';

/**
 * What a diagram writes in the engines' namespaces. Elements are typed where bpmnlint has the moddle extension of
 * Camunda, and generic otherwise: both are read.
 */

const PREFIXES = [ 'operaton', 'camunda', 'activiti' ];

/** Return an attribute in the first namespace that has it, as a text. */
function attribute(element, name) {
  for (const prefix of PREFIXES) {
    const value = element.get(`${prefix}:${name}`);

    if (value !== undefined) {
      return String(value);
    }
  }
}

/** Return the extension elements of this name. */
function extensions(element, name) {
  const values = (element.extensionElements && element.extensionElements.values) || [];

  return values.filter(value => isNamed(value, name));
}

/** Return the parts of an extension element: `typed` is the name of the property that holds them in a typed one. */
function parts(element, typed, name) {
  return [ ...(element[typed] || []), ...(element.$children || []).filter(child => isNamed(child, name)) ];
}

function isNamed(element, name) {
  const [ prefix, local ] = element.$type.split(':');

  return PREFIXES.includes(prefix) && local[0].toLowerCase() + local.slice(1) === name;
}

function is(element, type) {
  return Boolean(element.$instanceOf) && element.$instanceOf(type);
}

/** Return the element, and the elements around it from the inside out. */
function scopesOf(element) {
  const scopes = [];

  for (let scope = element; scope; scope = scope.$parent) {
    scopes.push(scope);
  }

  return scopes;
}

/** Return all flow elements of a process, also those in its subprocesses. */
function elementsOf(scope) {
  return (scope.flowElements || []).flatMap(element => [ element, ...elementsOf(element) ]);
}

/** Return the local name of an element's type as in the file: `userTask`. */
function kindOf(element) {
  const local = element.$type.split(':')[1];

  return local[0].toLowerCase() + local.slice(1);
}

module.exports = { attribute, extensions, parts, is, scopesOf, elementsOf, kindOf };
},
"lib/errorChecks.js": function(module, require) {
'use strict';

const { ofTask } = require('lib/check.js');
const { is } = require('lib/elements.js');
const { shorten } = require('lib/messages.js');
const { codesAt, codesOfEngine, catches } = require('lib/scopes.js');
const { closest, closeMatches } = require('lib/similarity.js');
const { entriesIn, isGroq } = require('lib/task.js');
const table = require('lib/table.json');

const STATUS = /^[2-5](\p{Nd}{2}|xx)$/iu;
const CODE = /^[a-z][a-z_]+$/i;
const { refused, hints } = table.causes;

/** Return the causes of the error mapping, each with its code; undefined where it is no JSON. */
function mappingOf(task) {
  return entriesIn(task, table.errorMappingField);
}

/** Return the codes of a mapping that the worker accepts; undefined for one with a mistake. */
function codesOf(task) {
  const mapping = mappingOf(task);
  const isRefused = !mapping || mapping.some(
    ([ cause, code ]) => typeof code !== 'string' || !code || describeRefused(cause) || !isCause(cause)
  );

  return isRefused || hasPlaceholder(mapping) ? undefined : [ ...new Set(mapping.map(([ _, code ]) => code)) ];
}

function hasPlaceholder(mapping) {
  return JSON.stringify(mapping).includes('${');
}

function isCause(cause) {
  return STATUS.test(cause) || refused.known.includes(cause.toLowerCase()) || CODE.test(cause);
}

/** Return the values of a cause that no failure has, and that is hardly a code of another server. */
function describeRefused(cause) {
  const word = cause.toLowerCase();

  if (STATUS.test(cause) || refused.known.includes(word) || !CODE.test(cause)) {
    return;
  }

  const containing = refused.known.filter(known => `_${known}_`.includes(`_${word}_`));
  const isMisspelt = closeMatches(word, refused.known, 3, refused.misspeltSimilarity).length > 0;

  if (!containing.length && !isMisspelt && !refused.noCauses.includes(word)) {
    return;
  }

  const similar = closeMatches(word, refused.known, 3, refused.relatedSimilarity);
  const suggestions = [ ...new Set([ ...containing, ...similar ]) ].slice(0, refused.maxSuggestions);

  return { message: 'refused', value: cause, suggestions: suggestions.length ? suggestions.join(' or ') : undefined };
}

function checkCauses(task, report) {
  const mapping = mappingOf(task);

  if (!mapping || hasPlaceholder(mapping)) {
    return;
  }

  for (const [ cause, code ] of mapping) {
    if (typeof code !== 'string' || !code || !isCause(cause)) {
      return;
    }

    const values = describeRefused(cause);

    if (values) {
      report(values);
      return;
    }
  }

  if (isGroq(task)) {
    mapping.map(([ cause ]) => cause.toLowerCase()).filter(isNoHintedCause).forEach(
      cause => report({ message: 'unknown', cause: shorten(cause), near: closest(cause, hints) })
    );
  }
}

function isNoHintedCause(cause) {
  return /^[\x00-\x7f]*$/.test(cause) && !/^\d/.test(cause) && !hints.includes(cause);
}

function ofUncaught(isDefault) {
  return ofTask((task, report) => {
    const codes = codesOf(task);
    const isUnchanged = task.fields[table.errorMappingField] === task.defaults[table.errorMappingField];

    if (!codes || isUnchanged !== isDefault || collectsErrors(task)) {
      return;
    }

    const uncaught = codes.filter(code => !catches(task.element, code));

    if (uncaught.length) {
      const { element } = task;
      const where = is(element, 'bpmn:Event') ? 'event' : 'task';

      const listed = uncaught.map(code => shorten(code)).join(', ');
      const errors = `${uncaught.length === 1 ? 'error' : 'errors'} ${listed}`;

      report({ message: where, id: element.id, codes: listed, errors });
    }
  });
}

function collectsErrors({ fields }) {
  return Boolean(fields[table.collectField].trim()) && fields[table.collectErrorsField] !== 'false';
}

function checkCatchers(task, report) {
  const codes = codesOf(task);
  const thrown = codes && [ ...codes, ...table.defaultCodes ];
  const byEngine = codesOfEngine(task.element);

  for (const { event, code } of codes ? codesAt(task.element) : []) {
    if (code && !thrown.includes(code) && !byEngine.includes(code)) {
      report({ code: shorten(code), near: closest(code, [ ...thrown ].sort()) }, event);
    }
  }
}

module.exports = {
  'unknown-cause': ofTask(checkCauses),
  'uncaught-error': ofUncaught(false),
  'default-error-uncaught': ofUncaught(true),
  'unthrown-error': ofTask(checkCatchers)
};
},
"lib/fieldChecks.js": function(module, require) {
'use strict';

const { ofField, ofTask } = require('lib/check.js');
const { readModels } = require('lib/modelList.js');
const { closestField } = require('lib/similarity.js');
const { constant, looksLikeField } = require('lib/task.js');
const table = require('lib/table.json');

const NUMBER = /^[+-]?(\d+(_\d+)*\.?(\d+(_\d+)*)?|\.\d+(_\d+)*)(e[+-]?\d+(_\d+)*)?$/i;
const DURATION = /^P(?=T?\d)(\d+[YMWD])*(\d+[.,]\d*[YMWD])?(T(\d+[HMS])*(\d+[.,]\d*[HMS])?)?$/;
const REPEATED_CYCLE = /^R\d+\/(P.+)$/;
const VARIABLE_NAME = /^[A-Za-z_][\p{L}\p{N}_]{0,39}$/u;
const HEX_KEY = /^[0-9a-fA-F]{32,}$/;
const LANGUAGE = /^[a-z]{2,3}$/;
const SECONDS_PER_HOUR = 3600;
const MAX_NAME_CHARS = 255;

function checkOperation({ operation }, report) {
  if (!table.operations.some(({ name }) => name === operation)) {
    report({ value: operation });
  }
}

function checkChoices(task, report) {
  for (const [ field, choices ] of Object.entries(table.choices)) {
    const value = field in task.fields ? constant(task, field) : undefined;

    if (value !== undefined && !choices.includes(value)) {
      report({ message: field, value });
    }
  }
}

function checkTimeout(text, report) {
  const seconds = readSeconds(text);

  if (!(seconds > 0 && seconds < Infinity)) {
    report({ value: text });
  }
}

function checkLongTimeout(text, report) {
  const seconds = readSeconds(text);

  if (seconds > SECONDS_PER_HOUR && seconds < Infinity) {
    report({ seconds: text, hours: roundHalfToEven(seconds / SECONDS_PER_HOUR) });
  }
}

function readSeconds(text) {
  return NUMBER.test(text) ? Number(text.replaceAll('_', '')) : NaN;
}

function roundHalfToEven(number) {
  const rounded = Math.round(number);

  return Math.abs(number % 1) === 0.5 && rounded % 2 ? rounded - 1 : rounded;
}

function checkRetries(text, report) {
  const repeated = REPEATED_CYCLE.exec(text);
  const wrong = (repeated ? [ repeated[1] ] : text.split(',')).find(part => !isDuration(part));

  if (wrong !== undefined) {
    report({ value: wrong });
  }
}

function checkGiveUpAfter(text, report) {
  if (!isDuration(text)) {
    report({ value: text });
  }
}

function isDuration(text) {
  return DURATION.test(text.trim());
}

function checkFallbackModels(text, report) {
  const { mistake } = readModels(text);

  if (mistake) {
    report(mistake);
  }
}

function checkConversation(text, report) {
  if (text.startsWith(table.fieldPrefix)) {
    report({ message: 'reserved', value: text });
  } else if ([ ...text ].length > MAX_NAME_CHARS) {
    report({ message: 'long', value: [ ...text ].slice(0, 40).join(''), length: [ ...text ].length });
  }
}

function checkKey(task, report) {
  const text = constant(task, table.keyField);
  const bringsKey = (task.fields[table.secretSourceField] || '').trim() === table.variableSource;
  const isName = VARIABLE_NAME.test(text) && !text.startsWith(table.keyPrefix) && !HEX_KEY.test(text);

  if (bringsKey && text && !isName) {
    report({});
  }
}

function ignoredNames(task) {
  return task.names.filter(name => looksLikeField(task.items, name)
    && !(name in task.defaults) && !table.standardVariables.includes(name));
}

function checkUnknown(task, report) {
  for (const name of ignoredNames(task).filter(name => !table.knownFields.includes(name))) {
    report({ field: name, near: closestField(name, table.knownFields) });
  }
}

function checkUnused(task, report) {
  for (const name of ignoredNames(task).filter(name => table.knownFields.includes(name))) {
    report({ field: name, operation: task.operation });
  }
}

function checkRepeated(task, report) {
  for (const name of task.names.filter(name => looksLikeField(task.items, name))) {
    if (task.items.filter(item => item.name === name).length > 1) {
      report({ field: name });
    }
  }
}

function checkLanguage(task, report) {
  const { fields } = task;

  if (table.languageField in fields && isConstantTranscription(task)) {
    const language = constant(task, table.languageField);

    if (language && !LANGUAGE.test(language) && !isTranslation(task)) {
      report({ message: 'language', value: language });
    } else {
      checkGranularities(task, report);
    }
  }
}

function isConstantTranscription(task) {
  return [ table.languageField, table.granularitiesField, table.responseFormatField, table.translateField ]
    .every(name => constant(task, name) !== undefined);
}

function isTranslation(task) {
  return constant(task, table.translateField) === 'true';
}

function checkGranularities(task, report) {
  const names = constant(task, table.granularitiesField).split(',').map(name => name.trim()).filter(Boolean);
  const [ unknown ] = names.filter(name => !table.granularities.includes(name)).sort();
  const hasTimestamps = constant(task, table.responseFormatField) === 'verbose_json' && !isTranslation(task);

  if (unknown !== undefined) {
    report({ message: 'granularity', value: unknown });
  } else if (names.includes('word') && !hasTimestamps) {
    report({ message: 'words' });
  }
}

function checkPlaceholdersForEngine(task, report) {
  for (const [ name, text ] of task.inputs) {
    if (name in task.fields && text === null) {
      report({ field: name });
    }
  }
}

module.exports = {
  'invalid-operation': ofTask(checkOperation),
  'invalid-choice': ofTask(checkChoices),
  'invalid-timeout': ofField(table.timeoutField, checkTimeout),
  'milliseconds-timeout': ofField(table.timeoutField, checkLongTimeout),
  'invalid-retries': ofField(table.retriesField, checkRetries),
  'invalid-give-up-after': ofField(table.giveUpAfterField, checkGiveUpAfter),
  'invalid-fallback-models': ofField(table.fallbackModelsField, checkFallbackModels),
  'invalid-conversation': ofField(table.conversationField, checkConversation),
  'invalid-transcription': ofTask(checkLanguage),
  'key-in-diagram': ofTask(checkKey),
  'unknown-field': ofTask(checkUnknown),
  'unused-field': ofTask(checkUnused),
  'repeated-field': ofTask(checkRepeated),
  'placeholder-for-engine': ofTask(checkPlaceholdersForEngine)
};
},
"lib/formChecks.js": function(module, require) {
'use strict';

const { ofTask } = require('lib/check.js');
const { elementsOf, extensions, is, parts, scopesOf } = require('lib/elements.js');
const { shorten } = require('lib/messages.js');
const table = require('lib/table.json');

const ONE_VARIABLE = /^(?:([\p{L}\p{N}_]+)|\$\{([\p{L}\p{N}_]+)\})$/u;

/** Find form fields of a type that the engine does not know. */
function checkFormTypes(node, report) {
  if (!is(node, 'bpmn:FlowNode')) {
    return;
  }

  for (const { id = '', type = '' } of formFieldsOf(node)) {
    if (!table.formTypes.includes(type)) {
      const message = table.fileTypes.includes(type.toLowerCase()) ? { message: 'file' } : {};

      report({ ...message, field: shorten(id), type: shorten(type) });
    }
  }
}

/** Find a recording that a generated form asks for. */
function checkRecording(task, report) {
  const named = ONE_VARIABLE.exec((task.fields[table.audioField] || '').trim());

  if (!named || task.operation !== table.transcribeOperation) {
    return;
  }

  const name = named[1] || named[2];
  const field = formFieldsAround(task.element).find(({ id, type }) => id === name && table.formTypes.includes(type));

  if (field) {
    report({ field: shorten(name), type: field.type });
  }
}

function formFieldsAround(element) {
  const definitions = scopesOf(element).pop();

  return (definitions.rootElements || []).flatMap(elementsOf).flatMap(formFieldsOf);
}

function formFieldsOf(node) {
  return extensions(node, 'formData').flatMap(form => parts(form, 'fields', 'formField'));
}

module.exports = {
  'unknown-form-type': checkFormTypes,
  'form-field-for-file': ofTask(checkRecording)
};
},
"lib/mappingChecks.js": function(module, require) {
'use strict';

const { ofTask } = require('lib/check.js');
const { attribute, extensions, parts, scopesOf } = require('lib/elements.js');
const { constant, entriesIn } = require('lib/task.js');
const { shorten } = require('lib/messages.js');
const table = require('lib/table.json');

/** Return the entries of the response mapping: the names of the variables, without their types. */
function entriesOf(task) {
  const mapping = entriesIn(task, table.responseMappingField) || [];

  return mapping.map(([ key, expression ]) => ({ name: key.split(':')[0].replace(/!$/, ''), expression }));
}

/** Return the names of the variables that a task sets, beside the standard ones. */
function outputsOf(task) {
  const conversation = table.conversationField in task.fields && constant(task, table.conversationField);
  const names = entriesOf(task).map(({ name }) => name);

  return conversation ? [ ...names, conversation ] : names;
}

const isVariableName = name => /^[\p{L}\p{N}_]+$/u.test(name);

function checkNames(task, report) {
  const wrong = entriesOf(task).find(({ name }) => name && !isVariableName(name));

  if (wrong) {
    report(describeName(wrong));
  }
}

function describeName({ name, expression }) {
  const value = shorten(name, table.maxShownChars);

  if (/[$#{]\{|<%/.test(name)) {
    return { message: 'placeholder', value };
  }

  return typeof expression === 'string' && isVariableName(expression)
    ? { message: 'reversed', value, expression }
    : { message: 'name', value };
}

function loopsAround(element) {
  return scopesOf(element).map(({ loopCharacteristics }) => loopCharacteristics).filter(isMultiInstance);
}

function isMultiInstance(loop) {
  return loop && loop.$type === 'bpmn:MultiInstanceLoopCharacteristics';
}

function checkLost(task, report) {
  const names = outputsOf(task);
  const loops = loopsAround(task.element);
  const variables = loops.length
    ? new Set([ ...table.loopVariables, ...loops.map(loop => attribute(loop, 'elementVariable') || '') ])
    : new Set();

  [ ...new Set(names) ].filter(name => variables.has(name)).forEach(name => report({ message: 'loop', name }));

  if (isMultiInstance(task.element.loopCharacteristics)) {
    return;
  }

  for (const name of new Set(names.filter(name => task.inputs.has(name) && !isKept(task, name)))) {
    report({ message: 'input', name: shorten(name) });
  }
}

function isKept(task, name) {
  const kept = extensions(task.element, 'inputOutput')
    .flatMap(group => parts(group, 'outputParameters', 'outputParameter'))
    .map(output => textIn(output)).join(' ');
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

  return new RegExp(`(?<![\\p{L}\\p{N}_])${escaped}(?![\\p{L}\\p{N}_])`, 'u').test(kept);
}

/** Return all texts in an output parameter, such as those of a list or a script. */
function textIn(element) {
  const { definition, value, $body, $children = [], items = [], entries = [] } = element;
  const inner = [ definition, ...$children, ...items, ...entries ].filter(Boolean).map(textIn);

  return [ typeof value === 'string' ? value : '', $body || '', ...inner ].join(' ');
}

module.exports = {
  checks: {
    'mapping-name': ofTask(checkNames),
    'lost-output': ofTask(checkLost)
  },
  isMultiInstance,
  outputsOf
};
},
"lib/messages.js": function(module, require) {
'use strict';

const table = require('lib/table.json');

const PLACE = /\{(\w+)\}|\{\{|\}\}/g;

/**
 * Return the sentences of a mistake: those of the first message of the rule whose values are all known.
 *
 * @param { string } id of the rule
 * @param { Record<string, any> } values `message` names one of several messages of a rule
 */
function describe(id, values) {
  const messages = table.rules[id].messages.filter(({ name }) => name === values.message);
  const { problem, fix } = messages.find(message => names(message).every(name => values[name] != null));
  const text = `${fill(problem, values)}. ${fill(fix, values)}`;

  return text.endsWith('?') ? text : `${text}.`;
}

function names({ problem, fix }) {
  return [ ...`${problem} ${fix}`.matchAll(PLACE) ].map(match => match[1]).filter(Boolean);
}

function fill(text, values) {
  return text.replace(PLACE, (mark, name) => (name ? String(values[name]) : mark[0]));
}

/** Return a text, or its beginning with an ellipsis; in characters, as Python counts them. */
function shorten(text, maximum = 60) {
  const characters = [ ...text ];

  return characters.length <= maximum ? text : `${characters.slice(0, maximum).join('')}…`;
}

module.exports = { describe, shorten };
},
"lib/modelChecks.js": function(module, require) {
'use strict';

const { ofTask } = require('lib/check.js');
const { shorten } = require('lib/messages.js');
const { readModels } = require('lib/modelList.js');
const { closest } = require('lib/similarity.js');
const { constant, isGroq, objectIn } = require('lib/task.js');
const table = require('lib/table.json');

const models = new Map(table.models.map(model => [ model.id, model ]));
const available = table.models.filter(({ isAvailable }) => isAvailable).map(({ id }) => id);

/** Return the names of the models in a task, each with its field. */
function namesOf(task) {
  const { models: fallbacks } = readModels(constant(task, table.fallbackModelsField) || '');
  const own = constant(task, table.modelField);
  const names = fallbacks.map(name => ({ field: table.fallbackModelsField, name }));

  if (own) {
    return [ { field: table.modelField, name: own }, ...names ];
  }

  const model = own === '' && table.payloadField in task.fields && (objectIn(task, table.payloadField) || {}).model;

  return typeof model === 'string' && model && !model.includes('${')
    ? [ { field: table.payloadField, name: model }, ...names ]
    : names;
}

function ofName(check) {
  return ofTask((task, report) => {
    if (isGroq(task)) {
      namesOf(task).forEach(({ field, name }) => check({ field, name, model: models.get(name), task }, report));
    }
  });
}

function checkRetired({ field, name, model }, report) {
  if (model && model.retired) {
    report({ field, name, retired: model.retired, replacement: model.replacement });
  }
}

function checkMisspelt({ field, name, model }, report) {
  const near = model ? undefined : closest(name, available);

  if (near) {
    report({ field, name: shorten(name), near });
  }
}

function checkUnknown({ field, name, model }, report) {
  if (!model && !closest(name, available) && name.replaceAll('/', '').replace(/[[\]"']/g, '')) {
    report({ field, name: shorten(name) });
  }
}

function checkAudio(task, report) {
  const name = constant(task, table.modelField);
  const model = models.get(name);

  if (task.operation !== table.transcribeOperation || !model) {
    return;
  }

  if (model.kind !== 'transcription') {
    report({ message: 'audio', value: name });
  } else if (constant(task, table.translateField) === 'true' && model.isAvailable && !model.translates) {
    report({ message: 'translation', value: name });
  }
}

module.exports = {
  'retired-model': ofName(checkRetired),
  'misspelt-model': ofName(checkMisspelt),
  'unknown-model': ofName(checkUnknown),
  'invalid-model': ofTask(checkAudio)
};
},
"lib/modelList.js": function(module, require) {
'use strict';

const NO_MODEL_ID = /["'[\]{};\s]/;

/** Return the `models` that a Fallback Models field names, or the `mistake` in it. */
function readModels(text) {
  const names = text.startsWith('[') ? readList(text) : text.split(',');

  if (typeof names === 'string') {
    return { models: [], mistake: { message: names } };
  }

  const models = names.map(name => name.trim()).filter(Boolean);
  const wrong = models.find(name => NO_MODEL_ID.test(name));

  return wrong === undefined ? { models } : { models: [], mistake: { message: 'name', value: wrong } };
}

/** Return the names of a JSON list, or the message of what is none. */
function readList(text) {
  try {
    const list = JSON.parse(text);

    return list.every(name => typeof name === 'string') ? list : 'entries';
  } catch (error) {
    return 'no list';
  }
}

module.exports = { readModels };
},
"lib/rule.js": function(module, require) {
'use strict';

const CHECKS = {
  ...require('lib/fieldChecks.js'),
  ...require('lib/modelChecks.js'),
  ...require('lib/mappingChecks.js').checks,
  ...require('lib/errorChecks.js'),
  ...require('lib/diagramChecks.js'),
  ...require('lib/formChecks.js')
};
const { describe } = require('lib/messages.js');
const table = require('lib/table.json');

/**
 * Return the factory of a rule of bpmnlint. A check gets a node of the diagram and a function that reports a mistake:
 * by the values of the rule's message, at the node itself or at another element.
 *
 * @param { string } id of the rule
 */
module.exports = function(id) {
  const meta = { documentation: { url: table.rules[id].url } };

  return () => ({
    meta,
    check(node, reporter) {
      const reported = new Set();

      CHECKS[id](node, (values, element = node) => {
        const message = describe(id, values);

        if (!reported.has(`${element.id} ${message}`)) {
          reported.add(`${element.id} ${message}`);
          reporter.report(element.id, message);
        }
      });
    }
  });
};
},
"lib/scopes.js": function(module, require) {
'use strict';

const { extensions, is, scopesOf } = require('lib/elements.js');

/** Return the boundary events of an activity that catch BPMN errors, each with its code; null: all. */
function codesAt(activity) {
  const siblings = (activity.$parent && activity.$parent.flowElements) || [];
  const boundaries = siblings.filter(element => is(element, 'bpmn:BoundaryEvent') && element.attachedToRef === activity);

  return boundaries.flatMap(event => codesOf(event).map(code => ({ event, code })));
}

/** Whether an event on or around an activity catches a BPMN error of this code. */
function catches(activity, code) {
  const scope = activity.$parent;

  if (!scope || !scope.flowElements) {
    return false;
  }

  const handlers = scope.flowElements.filter(
    element => element !== activity && is(element, 'bpmn:SubProcess') && element.triggeredByEvent
  );
  const starts = handlers.flatMap(({ flowElements = [] }) => flowElements.filter(element => is(element, 'bpmn:StartEvent')));
  const caught = [ ...codesAt(activity).map(({ code }) => code), ...starts.flatMap(codesOf) ];

  return caught.includes(code) || caught.includes(null) || catches(scope, code);
}

function codesOf(event) {
  return (event.eventDefinitions || [])
    .filter(definition => is(definition, 'bpmn:ErrorEventDefinition'))
    .map(definition => codeOf(definition));
}

/** Return the code; a reference to an error that the diagram has not is the code itself. */
function codeOf({ errorRef, $attrs }) {
  if (!errorRef) {
    return ($attrs && $attrs.errorRef) || null;
  }

  return errorRef.errorCode || null;
}

/** Return the codes of the errors that the engine throws itself when a worker reports, under a condition. */
function codesOfEngine(task) {
  const { rootElements = [] } = scopesOf(task).pop();

  return extensions(task, 'errorEventDefinition').map(({ errorRef }) => {
    const error = typeof errorRef === 'string' ? rootElements.find(({ id }) => id === errorRef) : errorRef;

    return error ? error.errorCode : errorRef;
  });
}

module.exports = { catches, codesAt, codesOfEngine };
},
"lib/similarity.js": function(module, require) {
'use strict';

/**
 * Python's difflib in JavaScript, so that both linters suggest the same names: SequenceMatcher without its heuristic for
 * long texts, and get_close_matches.
 */

const MIN_SIMILARITY = 0.85;
const MAX_COMPARED = 100;
const MIN_SIMILARITY_OF_OWN_PART = 0.75;

/** Return the name that another one is a misspelling of. */
function closest(name, names) {
  const byLowerCase = new Map(names.map(known => [ known.toLowerCase(), known ]));
  const [ match ] = closeMatches([ ...name ].slice(0, MAX_COMPARED).join('').toLowerCase(), [ ...byLowerCase.keys() ], 1, MIN_SIMILARITY);

  return byLowerCase.get(match);
}

/** Return the field that a name is a misspelling of: names share their prefix, so the rest must be similar too. */
function closestField(name, fields) {
  const near = closest(name, fields);
  const isNear = near && closeMatches(ownPart(name), [ ownPart(near) ], 1, MIN_SIMILARITY_OF_OWN_PART).length;

  return isNear ? near : undefined;
}

function ownPart(name) {
  return [ ...name ].slice(0, MAX_COMPARED).join('').toLowerCase().replace(/[^a-z0-9]+/g, '').replace(/^catalyst/, '');
}

function closeMatches(word, possibilities, count, cutoff) {
  return possibilities
    .map(text => [ ratio([ ...text ], [ ...word ]), text ])
    .filter(([ score ]) => score >= cutoff)
    .sort(([ score1, text1 ], [ score2, text2 ]) => score2 - score1 || (text1 < text2 ? 1 : -1))
    .slice(0, count)
    .map(([ _, text ]) => text);
}

function ratio(a, b) {
  const length = a.length + b.length;

  return length ? (2 * matches(a, b, 0, a.length, 0, b.length)) / length : 1;
}

/** Return the number of characters in matching blocks: the longest one, then those on both sides of it. */
function matches(a, b, aStart, aEnd, bStart, bEnd) {
  const { start, other, size } = longestMatch(a, b, aStart, aEnd, bStart, bEnd);

  return size && size + matches(a, b, aStart, start, bStart, other) + matches(a, b, start + size, aEnd, other + size, bEnd);
}

function longestMatch(a, b, aStart, aEnd, bStart, bEnd) {
  let best = { start: aStart, other: bStart, size: 0 };
  let lengths = new Map();

  for (let i = aStart; i < aEnd; i++) {
    const next = new Map();

    for (let j = bStart; j < bEnd; j++) {
      if (a[i] !== b[j]) {
        continue;
      }

      const size = (lengths.get(j - 1) || 0) + 1;

      next.set(j, size);

      if (size > best.size) {
        best = { start: i - size + 1, other: j - size + 1, size };
      }
    }

    lengths = next;
  }

  return best;
}

module.exports = { closest, closestField, closeMatches };
},
"lib/task.js": function(module, require) {
'use strict';

const { attribute, extensions, is, parts } = require('lib/elements.js');
const { closestField } = require('lib/similarity.js');
const table = require('lib/table.json');

const EXTERNAL_TYPES = [ 'bpmn:ServiceTask', 'bpmn:SendTask', 'bpmn:BusinessRuleTask' ];
const PROPERTY = 'property';
const FIELD = 'field';
const INPUT = 'input';
const ESCAPED_EXPRESSION = '\\${';

/** Return the external task that an element of the diagram is; undefined for any other. */
function readExternalTask(element) {
  if (!is(element, 'bpmn:FlowNode')) {
    return;
  }

  const own = EXTERNAL_TYPES.some(type => is(element, type)) ? [ element ] : [];
  const part = [ ...own, ...messagesOf(element) ].find(
    owner => attribute(owner, 'type') === 'external' && attribute(owner, 'topic') !== undefined
  );

  return part && readTask(element, attribute(part, 'topic'));
}

/** Return the task of this worker that an element is, as far as the diagram shows it. */
function readOwnTask(element) {
  const task = readExternalTask(element);

  return task && (table.topics.includes(task.topic) || (task.isTopicComputed && task.hasFields)) ? task : undefined;
}

function readTask(element, topic) {
  const owners = [ element, ...messagesOf(element) ];
  const items = [
    ...owners.flatMap(owner => extensions(owner, 'inputOutput').flatMap(readInputs)),
    ...owners.flatMap(owner => extensions(owner, 'field').map(readField)),
    ...owners.flatMap(owner => extensions(owner, 'properties').flatMap(readProperties))
  ];
  const names = [ ...new Set(items.map(({ name }) => name)) ];

  return {
    element,
    topic,
    items,
    names,
    inputs: new Map(items.filter(({ kind }) => kind === INPUT).map(({ name, text }) => [ name, text ])),
    isTopicComputed: topic.includes('${') || topic.includes('#{'),
    hasFields: names.some(name => name.startsWith(table.fieldPrefix)) || isTemplated(element),
    ...readFields(items)
  };
}

/**
 * Look each field up: property, field, input parameter, default. A blank one counts as missing. A misspelt name is read as
 * it is meant: otherwise what follows from the default would be reported, too.
 */
function readFields(items) {
  const lookUpName = name => [ PROPERTY, FIELD, INPUT ]
    .map(kind => items.filter(item => item.kind === kind && item.name === name).map(({ text }) => text).pop())
    .find(text => text != null && text.trim());
  const misspelt = [ ...new Set(items.map(({ name }) => name)) ]
    .filter(name => looksLikeField(items, name) && !table.knownFields.includes(name)
      && !table.standardVariables.includes(name) && lookUpName(name))
    .map(name => [ closestField(name, table.knownFields), name ]);
  const lookUp = name => lookUpName(name)
    || misspelt.filter(([ meant ]) => meant === name).map(([ _, written ]) => lookUpName(written))[0];
  const operation = lookUp(table.operationField) || table.operations[0].name;
  const { defaults } = table.operations.find(({ name }) => name === operation) || table.operations[0];
  const written = Object.fromEntries(Object.keys(defaults).map(name => [ name, lookUp(name) ]));

  return { operation, defaults, fields: { ...defaults, ...withoutMissing(written) } };
}

/** Whether a name is meant as that of a field; an input parameter may be a variable of the process's own. */
function looksLikeField(items, name) {
  const isInput = items.some(item => item.kind === INPUT && item.name === name);
  const prefix = isInput ? table.fieldPrefix : table.fieldPrefix.slice(0, -1);

  return name.trim().toLowerCase().startsWith(prefix);
}

function withoutMissing(texts) {
  return Object.fromEntries(Object.entries(texts).filter(([ _, text ]) => text !== undefined));
}

function readInputs(inputOutput) {
  return parts(inputOutput, 'inputParameters', 'inputParameter').map(input => ({
    kind: INPUT, name: input.name || '', text: constantOf(input)
  }));
}

/** Return the text that the engine gives to the worker; null for an expression, a script, a list or a map. */
function constantOf(input) {
  const text = input.value || input.$body || '';
  const withoutEscapes = text.replaceAll(ESCAPED_EXPRESSION, '');

  if (input.definition || (input.$children || []).length || withoutEscapes.includes('${') || withoutEscapes.includes('#{')) {
    return null;
  }

  return text.replaceAll(ESCAPED_EXPRESSION, '${');
}

function readField(field) {
  const bodies = [ 'string', 'expression' ].flatMap(name => parts(field, '', name).map(part => part.$body));
  const text = [ field.string, ...bodies, field.stringValue, field.expression ].find(Boolean) || '';

  return { kind: FIELD, name: field.name || '', text };
}

function readProperties(properties) {
  return parts(properties, 'values', 'property').map(({ name = '', value = '' }) => ({
    kind: PROPERTY, name, text: String(value)
  }));
}

function messagesOf(element) {
  return (element.eventDefinitions || []).filter(definition => is(definition, 'bpmn:MessageEventDefinition'));
}

function isTemplated(element) {
  return (attribute(element, 'modelerTemplate') || '').startsWith(table.templatePrefix);
}

/** Return a field without white space around it; undefined where a placeholder makes it up. */
function constant(task, name) {
  const text = (task.fields[name] || '').trim();

  return text.includes('${') ? undefined : text;
}

/** Return the object in a field; undefined where it is no JSON: YAML and mistakes are left to catalyst-groq lint. */
function objectIn(task, name) {
  try {
    const value = JSON.parse(task.fields[name]);

    return value && typeof value === 'object' && !Array.isArray(value) ? value : undefined;
  } catch (error) {
    return undefined;
  }
}

/** Return the entries of the object in a field as they are written: a JavaScript object would put numbers first. */
function entriesIn(task, name) {
  const object = objectIn(task, name);

  return object && keysIn(task.fields[name]).map(key => [ key, object[key] ]);
}

/** Return the names of the outermost object of a JSON text, each once. */
function keysIn(text) {
  const tokens = text.match(/"(?:\\.|[^"\\])*"|[{}[\]:]/g) || [];
  const keys = new Set();
  let depth = 0;

  tokens.forEach((token, index) => {
    depth += '{['.includes(token) ? 1 : '}]'.includes(token) ? -1 : 0;

    if (depth === 1 && token[0] === '"' && tokens[index + 1] === ':') {
      keys.add(JSON.parse(token));
    }
  });

  return [ ...keys ];
}

/** Whether the request goes to Groq, so that what is known of Groq's models holds. */
function isGroq(task) {
  const url = constant(task, table.urlField);

  return url === undefined || table.groqUrls.includes(url.replace(/\/+$/, ''));
}

module.exports = { constant, entriesIn, isGroq, isTemplated, looksLikeField, messagesOf, objectIn, readExternalTask, readOwnTask };
},
"lib/table.json": function(module, require) {
module.exports = {
  "rules": {
    "invalid-operation": {
      "severity": "error",
      "title": "Operation is not one of the worker's",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#invalid-operation",
      "messages": [
        {
          "problem": "catalyst_operation: '{value}' is not an operation of this worker",
          "fix": "Write one of chat, transcribe"
        }
      ]
    },
    "invalid-model": {
      "severity": "error",
      "title": "Model is refused",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#invalid-model",
      "messages": [
        {
          "name": "audio",
          "problem": "catalyst_model: {value} does not support audio input",
          "fix": "Use whisper-large-v3 or whisper-large-v3-turbo"
        },
        {
          "name": "translation",
          "problem": "catalyst_model: {value} does not support translation",
          "fix": "Use whisper-large-v3"
        }
      ]
    },
    "invalid-fallback-models": {
      "severity": "error",
      "title": "Fallback Models is no list of names",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#invalid-fallback-models",
      "messages": [
        {
          "name": "name",
          "problem": "catalyst_fallbackModels: '{value}' is not the id of a model",
          "fix": "Write model ids, separated by commas: openai/gpt-oss-20b, qwen/qwen3.8-27b"
        },
        {
          "name": "no list",
          "problem": "catalyst_fallbackModels: begins like a JSON list, but is none",
          "fix": "Write model ids, separated by commas: openai/gpt-oss-20b, qwen/qwen3.8-27b"
        },
        {
          "name": "entries",
          "problem": "catalyst_fallbackModels: is a list in which not every entry is a text",
          "fix": "Write model ids, separated by commas: openai/gpt-oss-20b, qwen/qwen3.8-27b"
        }
      ]
    },
    "invalid-retries": {
      "severity": "error",
      "title": "Retries is not a retry cycle",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#invalid-retries",
      "messages": [
        {
          "problem": "catalyst_retries: '{value}' is not an ISO 8601 duration such as PT30S or PT15M",
          "fix": "Write R3/PT10S (three attempts, 10 s apart) or PT10S,PT1M"
        }
      ]
    },
    "invalid-give-up-after": {
      "severity": "error",
      "title": "Give up waiting after is not a duration",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#invalid-give-up-after",
      "messages": [
        {
          "problem": "catalyst_giveUpAfter: '{value}' is not an ISO 8601 duration such as PT30S or PT15M",
          "fix": "Write for example PT15M (15 minutes)"
        }
      ]
    },
    "invalid-timeout": {
      "severity": "error",
      "title": "Timeout is not a number of seconds",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#invalid-timeout",
      "messages": [
        {
          "problem": "catalyst_timeout: '{value}' is not a number of seconds above 0",
          "fix": "Write for example 60"
        }
      ]
    },
    "milliseconds-timeout": {
      "severity": "warning",
      "title": "Timeout is longer than an hour",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#milliseconds-timeout",
      "messages": [
        {
          "problem": "catalyst_timeout: {seconds} seconds are {hours} hours",
          "fix": "Write the number of seconds, for example 60"
        }
      ]
    },
    "key-in-diagram": {
      "severity": "warning",
      "title": "The diagram holds a key",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#key-in-diagram",
      "messages": [
        {
          "problem": "catalyst_apiKey: holds a key",
          "fix": "Revoke it, let the operator store the new one, and write its name here"
        }
      ]
    },
    "invalid-choice": {
      "severity": "error",
      "title": "A field has none of the values that it may have",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#invalid-choice",
      "messages": [
        {
          "name": "catalyst_whenTooLong",
          "problem": "catalyst_whenTooLong: '{value}' is not a valid value",
          "fix": "It must be one of fail, dropTurns, cutVariable"
        },
        {
          "name": "catalyst_standardVariables",
          "problem": "catalyst_standardVariables: '{value}' is not a valid value",
          "fix": "It must be one of always, onFailure"
        },
        {
          "name": "catalyst_responseFormat",
          "problem": "catalyst_responseFormat: '{value}' is not a valid value",
          "fix": "It must be one of verbose_json, json, text"
        },
        {
          "name": "catalyst_translate",
          "problem": "catalyst_translate: '{value}' is not a valid value",
          "fix": "It must be one of true, false"
        },
        {
          "name": "catalyst_standardVariables",
          "problem": "catalyst_standardVariables: '{value}' is not a valid value",
          "fix": "It must be one of always, onFailure"
        }
      ]
    },
    "invalid-transcription": {
      "severity": "error",
      "title": "A field of a transcription is refused",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#invalid-transcription",
      "messages": [
        {
          "name": "language",
          "problem": "catalyst_language: '{value}' is not an ISO 639-1 code",
          "fix": "Write for example de, or leave it blank"
        },
        {
          "name": "granularity",
          "problem": "catalyst_timestampGranularities: '{value}' is not a valid value",
          "fix": "It must be segment, word or both"
        },
        {
          "name": "words",
          "problem": "catalyst_timestampGranularities: requests word timestamps, which only a verbose_json transcription contains",
          "fix": "Choose segment, or another Response Format"
        }
      ]
    },
    "invalid-conversation": {
      "severity": "error",
      "title": "Conversation Variable is refused",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#invalid-conversation",
      "messages": [
        {
          "name": "reserved",
          "problem": "catalyst_conversation: '{value}' cannot be set: catalyst_… is reserved for the worker",
          "fix": "Choose another name"
        },
        {
          "name": "long",
          "problem": "catalyst_conversation: '{value}…' is a name of {length} characters; the engine takes 255",
          "fix": "Choose a shorter one"
        }
      ]
    },
    "unknown-field": {
      "severity": "error",
      "title": "There is no field of this name",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#unknown-field",
      "messages": [
        {
          "problem": "{field}: there is no such field",
          "fix": "Did you mean {near}?"
        },
        {
          "problem": "{field}: there is no such field, so it is ignored",
          "fix": "Remove it"
        }
      ]
    },
    "unused-field": {
      "severity": "warning",
      "title": "The field belongs to another operation",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#unused-field",
      "messages": [
        {
          "problem": "{field}: the operation '{operation}' has no such field, so it is ignored",
          "fix": "Remove it, or apply the template of the other operation"
        }
      ]
    },
    "repeated-field": {
      "severity": "warning",
      "title": "A field is written twice",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#repeated-field",
      "messages": [
        {
          "problem": "{field}: the field is written twice; only one of both counts",
          "fix": "Remove the one that is not meant"
        }
      ]
    },
    "placeholder-for-engine": {
      "severity": "warning",
      "title": "The engine fills the placeholder before the worker can",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#placeholder-for-engine",
      "messages": [
        {
          "problem": "{field}: in an input parameter the engine fills ${{…}} in before the worker can",
          "fix": "Apply the element template, which writes the text as a field, or write \\${{…}}"
        }
      ]
    },
    "mapping-name": {
      "severity": "error",
      "title": "The name of an output is no name of a variable",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#mapping-name",
      "messages": [
        {
          "name": "placeholder",
          "problem": "catalyst_responseMapping: '{value}' cannot be the name of a variable",
          "fix": "A name has no placeholders: write letters, digits and _. catalyst_collect collects the results of a multi-instance"
        },
        {
          "name": "reversed",
          "problem": "catalyst_responseMapping: '{value}' cannot be the name of a variable",
          "fix": "The name comes first: \"{expression}\": \"{value}\""
        },
        {
          "name": "name",
          "problem": "catalyst_responseMapping: '{value}' cannot be the name of a variable",
          "fix": "Write letters, digits and _"
        }
      ]
    },
    "lost-output": {
      "severity": "error",
      "title": "The output is lost with the task",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#lost-output",
      "messages": [
        {
          "name": "loop",
          "problem": "catalyst_responseMapping: '{name}' is a variable of the multi-instance, which an output replaces",
          "fix": "Give the output another name"
        },
        {
          "name": "input",
          "problem": "catalyst_responseMapping: '{name}' is an input parameter too, so its value ends with the task",
          "fix": "Give the output another name, or add an output parameter that keeps it"
        }
      ]
    },
    "uncaught-error": {
      "severity": "warning",
      "title": "Nothing in the diagram catches a BPMN error of the error mapping",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#uncaught-error",
      "messages": [
        {
          "name": "task",
          "problem": "catalyst_errorMapping: nothing catches the BPMN {errors}",
          "fix": "Attach an error boundary event to '{id}', or remove the code from the mapping"
        },
        {
          "name": "event",
          "problem": "catalyst_errorMapping: nothing catches the BPMN {errors}",
          "fix": "Put '{id}' into a subprocess and attach an error boundary event to that, or remove the code from the mapping"
        }
      ]
    },
    "default-error-uncaught": {
      "severity": "hint",
      "title": "Nothing in the diagram catches the default BPMN errors",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#default-error-uncaught",
      "messages": [
        {
          "name": "task",
          "problem": "catalyst_errorMapping: nothing catches the BPMN errors of the template's default: {codes}",
          "fix": "Attach an error boundary event without a code to '{id}', which catches them all, or write {{}} into the Error Mapping field (catalyst_errorMapping): then the task throws none, and each error is an incident"
        },
        {
          "name": "event",
          "problem": "catalyst_errorMapping: nothing catches the BPMN errors of the template's default: {codes}",
          "fix": "Put '{id}' into a subprocess and attach an error boundary event without a code to that, which catches them all, or write {{}} into the Error Mapping field (catalyst_errorMapping): then the task throws none, and each error is an incident"
        }
      ]
    },
    "unthrown-error": {
      "severity": "warning",
      "title": "A boundary event catches a code that the task never throws",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#unthrown-error",
      "messages": [
        {
          "problem": "the boundary event catches the BPMN error {code}, which the task does not throw",
          "fix": "Did you mean {near}?"
        },
        {
          "problem": "the boundary event catches the BPMN error {code}, which the task does not throw",
          "fix": "Name it in catalyst_errorMapping, or remove the event"
        }
      ]
    },
    "unknown-cause": {
      "severity": "warning",
      "title": "The error mapping names a cause that is not known to occur",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#unknown-cause",
      "messages": [
        {
          "name": "unknown",
          "problem": "catalyst_errorMapping: '{cause}' is not known as a cause",
          "fix": "Did you mean {near}?"
        },
        {
          "name": "unknown",
          "problem": "catalyst_errorMapping: '{cause}' is not known as a cause",
          "fix": "Write a status (429), a class (5xx), a code of Groq, or one of budget_exceeded, circuit_open, empty_answer, incompatible_model, missing_api_key, network, response_too_large, timeout, unreadable_file, unreadable_response, unsupported_parameter"
        },
        {
          "name": "refused",
          "problem": "catalyst_errorMapping: '{value}' is the cause of no failure",
          "fix": "Did you mean {suggestions}?"
        },
        {
          "name": "refused",
          "problem": "catalyst_errorMapping: '{value}' is the cause of no failure",
          "fix": "Write a status (429), a class of statuses (5xx), an error code of the server, or one of budget_exceeded, circuit_open, empty_answer, incompatible_model, missing_api_key, network, response_too_large, timeout, unreadable_file, unreadable_response, unsupported_parameter"
        }
      ]
    },
    "retired-model": {
      "severity": "warning",
      "title": "The model is retired",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#retired-model",
      "messages": [
        {
          "problem": "{field}: {name} is retired since {retired}",
          "fix": "Write {replacement}"
        },
        {
          "problem": "{field}: {name} is retired since {retired}",
          "fix": "Choose another one: see catalyst-groq models"
        }
      ]
    },
    "misspelt-model": {
      "severity": "warning",
      "title": "The model's name is nearly that of another one",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#misspelt-model",
      "messages": [
        {
          "problem": "{field}: there is no model '{name}'",
          "fix": "Write {near}"
        }
      ]
    },
    "unknown-model": {
      "severity": "hint",
      "title": "The model is not in the worker's model catalog",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#unknown-model",
      "messages": [
        {
          "problem": "{field}: the model '{name}' is not in the worker's model catalog",
          "fix": "See catalyst-groq models"
        }
      ]
    },
    "template-on-wrong-element": {
      "severity": "error",
      "title": "The template is on an element that is no external task",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#template-on-wrong-element",
      "messages": [
        {
          "problem": "the element ({kind}) has fields of Catalyst - Groq and is no external task",
          "fix": "Make it a service task with camunda:type=external and a topic (apply the template), or remove the fields"
        }
      ]
    },
    "nameless-property": {
      "severity": "warning",
      "title": "An extension property has no name",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#nameless-property",
      "messages": [
        {
          "problem": "a camunda:property has no name: its value has no effect, and the engine refuses each fetch of the topic that asks for extension properties",
          "fix": "Give it a name, or remove it"
        }
      ]
    },
    "unknown-form-type": {
      "severity": "warning",
      "title": "A form field has a type that the engine does not know",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#unknown-form-type",
      "messages": [
        {
          "name": "file",
          "problem": "the form field '{field}' has the type '{type}': the engine knows none for files, and refuses to deploy the diagram",
          "fix": "Use an embedded form (camunda:formKey=\"embedded:deployment:upload.html\") with an input of cam-variable-type=\"File\""
        },
        {
          "problem": "the form field '{field}' has the type '{type}', which the engine does not know: it refuses to deploy the diagram",
          "fix": "Write string, long, boolean, date or enum"
        }
      ]
    },
    "form-field-for-file": {
      "severity": "hint",
      "title": "A form asks for a recording as a text",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#form-field-for-file",
      "messages": [
        {
          "problem": "catalyst_audio: '{field}' is a form field of the type '{type}', where nobody can choose a recording",
          "fix": "Use an embedded form with an input of cam-variable-type=\"File\", unless people shall type a URL"
        }
      ]
    },
    "missing-time-to-live": {
      "severity": "warning",
      "title": "The process has no time to live",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#missing-time-to-live",
      "messages": [
        {
          "problem": "the process has no time to live for its history, so an engine refuses to deploy it by default",
          "fix": "Add camunda:historyTimeToLive=\"P180D\", or another number of days, to the process"
        }
      ]
    },
    "old-template": {
      "severity": "hint",
      "title": "The element template has a newer version",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#old-template",
      "messages": [
        {
          "problem": "the element template has the version {version}; the newest is {newest}",
          "fix": "Press Update in the Modeler's properties panel"
        }
      ]
    },
    "misspelt-topic": {
      "severity": "warning",
      "title": "The topic is nearly one that the worker fetches",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#misspelt-topic",
      "messages": [
        {
          "problem": "the topic '{topic}' is not fetched (CATALYST_TOPIC is {topics})",
          "fix": "Did you mean {near}?"
        }
      ]
    },
    "other-topic": {
      "severity": "hint",
      "title": "The topic is none of the worker's settings",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#other-topic",
      "messages": [
        {
          "problem": "the topic '{topic}' is not fetched (CATALYST_TOPIC is {topics})",
          "fix": "Change the topic, or name it in CATALYST_TOPIC"
        }
      ]
    },
    "multi-instance-one-variable": {
      "severity": "warning",
      "title": "All items of a multi-instance write the same variable",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#multi-instance-one-variable",
      "messages": [
        {
          "problem": "catalyst_responseMapping: all items write the same variable: {names}",
          "fix": "Name a variable in catalyst_collect, or put the task into a subprocess with an input parameter of that name"
        }
      ]
    },
    "multi-instance-output-parameter": {
      "severity": "error",
      "title": "A multi-instance has an output parameter",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#multi-instance-output-parameter",
      "messages": [
        {
          "problem": "a multi-instance has an output parameter, which the engine refuses to deploy",
          "fix": "Remove it, or put the task into a subprocess"
        }
      ]
    },
    "parallel-without-async": {
      "severity": "hint",
      "title": "A task of a parallel multi-instance is not asynchronous",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#parallel-without-async",
      "messages": [
        {
          "problem": "the completions of a parallel multi-instance also execute the steps behind them",
          "fix": "Set Asynchronous after in the group Multi-instance"
        }
      ]
    },
    "engine-retry-cycle": {
      "severity": "hint",
      "title": "camunda:failedJobRetryTimeCycle has no effect on external tasks",
      "url": "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md#engine-retry-cycle",
      "messages": [
        {
          "problem": "camunda:failedJobRetryTimeCycle does not count for external tasks",
          "fix": "Write it into the Retries field (catalyst_retries)"
        }
      ]
    }
  },
  "operationField": "catalyst_operation",
  "payloadField": "catalyst_payload",
  "modelField": "catalyst_model",
  "fallbackModelsField": "catalyst_fallbackModels",
  "conversationField": "catalyst_conversation",
  "responseMappingField": "catalyst_responseMapping",
  "errorMappingField": "catalyst_errorMapping",
  "collectField": "catalyst_collect",
  "collectErrorsField": "catalyst_collectErrors",
  "keyField": "catalyst_apiKey",
  "secretSourceField": "catalyst_secretSource",
  "urlField": "catalyst_url",
  "timeoutField": "catalyst_timeout",
  "retriesField": "catalyst_retries",
  "giveUpAfterField": "catalyst_giveUpAfter",
  "audioField": "catalyst_audio",
  "languageField": "catalyst_language",
  "granularitiesField": "catalyst_timestampGranularities",
  "responseFormatField": "catalyst_responseFormat",
  "translateField": "catalyst_translate",
  "topics": [
    "catalyst-groq"
  ],
  "fieldPrefix": "catalyst_",
  "templatePrefix": "io.catalyst.template.",
  "templateVersions": {
    "io.catalyst.template.groq": 2,
    "io.catalyst.template.groq.transcribe": 2
  },
  "standardVariables": [
    "catalyst_error",
    "catalyst_meta",
    "catalyst_responseBody",
    "catalyst_statusCode",
    "catalyst_success"
  ],
  "knownFields": [
    "catalyst_apiKey",
    "catalyst_audio",
    "catalyst_collect",
    "catalyst_collectErrors",
    "catalyst_collectKey",
    "catalyst_conversation",
    "catalyst_errorMapping",
    "catalyst_fallbackModels",
    "catalyst_giveUpAfter",
    "catalyst_language",
    "catalyst_model",
    "catalyst_operation",
    "catalyst_payload",
    "catalyst_prompt",
    "catalyst_responseFormat",
    "catalyst_responseMapping",
    "catalyst_retries",
    "catalyst_secretSource",
    "catalyst_standardVariables",
    "catalyst_timeout",
    "catalyst_timestampGranularities",
    "catalyst_translate",
    "catalyst_url",
    "catalyst_whenTooLong"
  ],
  "operations": [
    {
      "name": "chat",
      "defaults": {
        "catalyst_operation": "chat",
        "catalyst_payload": "{\n  \"max_tokens\": 1024,\n  \"messages\": [\n    {\"role\": \"system\", \"content\": \"You are a helpful assistant.\"},\n    {\"role\": \"user\", \"content\": \"${userMessage}\"}\n  ]\n}",
        "catalyst_model": "",
        "catalyst_conversation": "",
        "catalyst_whenTooLong": "fail",
        "catalyst_responseMapping": "{\n  \"aiReply\": \"choices[0].message.content\",\n  \"modelUsed\": \"model\",\n  \"promptTokens\": \"usage.prompt_tokens\",\n  \"completionTokens\": \"usage.completion_tokens\",\n  \"finishReason\": \"choices[0].finish_reason\"\n}",
        "catalyst_url": "https://api.groq.com/openai/v1/chat/completions",
        "catalyst_timeout": "60",
        "catalyst_fallbackModels": "",
        "catalyst_secretSource": "env",
        "catalyst_apiKey": "groq_api_key",
        "catalyst_errorMapping": "{\n  \"429\": \"RATE_LIMITED\",\n  \"401\": \"AUTH_FAILED\",\n  \"400\": \"INVALID_REQUEST\"\n}",
        "catalyst_collect": "",
        "catalyst_collectKey": "",
        "catalyst_collectErrors": "true",
        "catalyst_standardVariables": "always",
        "catalyst_retries": "R3/PT10S",
        "catalyst_giveUpAfter": "PT15M"
      }
    },
    {
      "name": "transcribe",
      "defaults": {
        "catalyst_operation": "transcribe",
        "catalyst_audio": "recording",
        "catalyst_model": "whisper-large-v3-turbo",
        "catalyst_language": "",
        "catalyst_prompt": "",
        "catalyst_responseFormat": "verbose_json",
        "catalyst_timestampGranularities": "segment",
        "catalyst_translate": "false",
        "catalyst_responseMapping": "{\n  \"transcript\": \"text\",\n  \"language\": \"language\",\n  \"duration:Double\": \"duration\",\n  \"segments\": \"segments[].{start: start, end: end, text: text}\"\n}",
        "catalyst_url": "https://api.groq.com/openai/v1/audio/transcriptions",
        "catalyst_timeout": "300",
        "catalyst_fallbackModels": "",
        "catalyst_secretSource": "env",
        "catalyst_apiKey": "groq_api_key",
        "catalyst_errorMapping": "{\n  \"429\": \"RATE_LIMITED\",\n  \"401\": \"AUTH_FAILED\",\n  \"400\": \"INVALID_REQUEST\"\n}",
        "catalyst_collect": "",
        "catalyst_collectKey": "",
        "catalyst_collectErrors": "true",
        "catalyst_standardVariables": "always",
        "catalyst_retries": "R3/PT10S",
        "catalyst_giveUpAfter": "PT15M"
      }
    }
  ],
  "transcribeOperation": "transcribe",
  "choices": {
    "catalyst_whenTooLong": [
      "fail",
      "dropTurns",
      "cutVariable"
    ],
    "catalyst_standardVariables": [
      "always",
      "onFailure"
    ],
    "catalyst_responseFormat": [
      "verbose_json",
      "json",
      "text"
    ],
    "catalyst_translate": [
      "true",
      "false"
    ]
  },
  "granularities": [
    "segment",
    "word"
  ],
  "formTypes": [
    "string",
    "long",
    "boolean",
    "date",
    "enum"
  ],
  "fileTypes": [
    "file",
    "binary",
    "bytes"
  ],
  "keyPrefix": "gsk_",
  "variableSource": "variable",
  "groqUrls": [
    "https://api.groq.com/openai/v1",
    "https://api.groq.com/openai/v1/chat/completions",
    "https://api.groq.com/openai/v1/audio/transcriptions"
  ],
  "loopVariables": [
    "loopCounter",
    "nrOfActiveInstances",
    "nrOfCompletedInstances",
    "nrOfInstances"
  ],
  "maxShownChars": 100,
  "defaultCodes": [
    "BUDGET_EXCEEDED"
  ],
  "causes": {
    "hints": [
      "account_deactivated",
      "billing_hard_limit_reached",
      "blocked_api_access",
      "budget_exceeded",
      "circuit_open",
      "content_filter",
      "context_length_exceeded",
      "deploymentnotfound",
      "empty_answer",
      "incompatible_model",
      "insufficient_quota",
      "invalid_api_key",
      "invalid_model",
      "invalid_request_error",
      "json_validate_failed",
      "key_model_access_denied",
      "missing_api_key",
      "model_decommissioned",
      "model_not_available",
      "model_not_found",
      "model_not_supported",
      "model_permission_blocked_org",
      "model_permission_blocked_project",
      "model_terms_required",
      "network",
      "not_available_for_plan",
      "organization_restricted",
      "output_parse_failed",
      "project_archived",
      "rate_limit_exceeded",
      "request_too_large",
      "requests",
      "response_too_large",
      "spend_limit_reached",
      "string_above_max_length",
      "team_model_access_denied",
      "timeout",
      "tokens",
      "tool_use_failed",
      "unknown_model",
      "unknown_url",
      "unreadable_file",
      "unreadable_response",
      "unsupported_parameter"
    ],
    "refused": {
      "known": [
        "account_deactivated",
        "billing_hard_limit_reached",
        "blocked_api_access",
        "budget_exceeded",
        "circuit_open",
        "content_filter",
        "context_length_exceeded",
        "deploymentnotfound",
        "empty_answer",
        "incompatible_model",
        "insufficient_quota",
        "invalid_api_key",
        "invalid_model",
        "json_validate_failed",
        "key_model_access_denied",
        "missing_api_key",
        "model_decommissioned",
        "model_not_available",
        "model_not_found",
        "model_not_supported",
        "model_permission_blocked_org",
        "model_permission_blocked_project",
        "model_terms_required",
        "network",
        "not_available_for_plan",
        "organization_restricted",
        "output_parse_failed",
        "project_archived",
        "rate_limit_exceeded",
        "response_too_large",
        "spend_limit_reached",
        "string_above_max_length",
        "team_model_access_denied",
        "timeout",
        "tool_use_failed",
        "unknown_model",
        "unknown_url",
        "unreadable_file",
        "unreadable_response",
        "unsupported_parameter"
      ],
      "noCauses": [
        "account_restricted",
        "authentication",
        "bad_request",
        "budget",
        "empty_answer",
        "forbidden",
        "generation_failed",
        "headers_too_large",
        "invalid_output",
        "missing_api_key",
        "model_forbidden",
        "model_not_found",
        "not_in_plan",
        "rate_limited",
        "redirected",
        "response_too_large",
        "spend_limit",
        "too_large",
        "transient",
        "unreadable_file",
        "unreadable_response",
        "wrong_url"
      ],
      "misspeltSimilarity": 0.85,
      "relatedSimilarity": 0.5,
      "maxSuggestions": 2
    }
  },
  "models": [
    {
      "id": "openai/gpt-oss-120b",
      "kind": "chat",
      "isAvailable": true
    },
    {
      "id": "openai/gpt-oss-20b",
      "kind": "chat",
      "isAvailable": true
    },
    {
      "id": "qwen/qwen3.8-27b",
      "kind": "chat",
      "isAvailable": true
    },
    {
      "id": "openai/gpt-oss-safeguard-20b",
      "kind": "chat",
      "isAvailable": true
    },
    {
      "id": "meta-llama/llama-prompt-guard-2-22m",
      "kind": "chat",
      "isAvailable": true
    },
    {
      "id": "meta-llama/llama-prompt-guard-2-86m",
      "kind": "chat",
      "isAvailable": true
    },
    {
      "id": "minimaxai/minimax-m2.7",
      "kind": "chat",
      "isAvailable": false
    },
    {
      "id": "whisper-large-v3",
      "kind": "transcription",
      "isAvailable": true,
      "translates": true
    },
    {
      "id": "whisper-large-v3-turbo",
      "kind": "transcription",
      "isAvailable": true
    },
    {
      "id": "canopylabs/orpheus-v1-english",
      "kind": "speech",
      "isAvailable": true
    },
    {
      "id": "canopylabs/orpheus-arabic-saudi",
      "kind": "speech",
      "isAvailable": true
    },
    {
      "id": "llama-3.3-70b-versatile",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2026-08-16",
      "replacement": "openai/gpt-oss-120b"
    },
    {
      "id": "llama-3.1-8b-instant",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2026-08-16",
      "replacement": "openai/gpt-oss-20b"
    },
    {
      "id": "qwen/qwen3.6-27b",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2026-09-14",
      "replacement": "qwen/qwen3.8-27b"
    },
    {
      "id": "qwen/qwen3-32b",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2026-07-17",
      "replacement": "openai/gpt-oss-120b"
    },
    {
      "id": "groq/compound",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2026-09-21",
      "replacement": null
    },
    {
      "id": "groq/compound-mini",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2026-09-21",
      "replacement": null
    },
    {
      "id": "meta-llama/llama-4-scout-17b-16e-instruct",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2026-07-17",
      "replacement": "qwen/qwen3.8-27b"
    },
    {
      "id": "meta-llama/llama-4-maverick-17b-128e-instruct",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2026-03-09",
      "replacement": "qwen/qwen3.8-27b"
    },
    {
      "id": "meta-llama/llama-guard-4-12b",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2026-03-05",
      "replacement": "openai/gpt-oss-safeguard-20b"
    },
    {
      "id": "moonshotai/kimi-k2-instruct-0905",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2026-04-15",
      "replacement": "openai/gpt-oss-120b"
    },
    {
      "id": "moonshotai/kimi-k2-instruct",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2025-10-10",
      "replacement": "openai/gpt-oss-120b"
    },
    {
      "id": "gemma2-9b-it",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2025-10-08",
      "replacement": "openai/gpt-oss-20b"
    },
    {
      "id": "deepseek-r1-distill-llama-70b",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2025-10-02",
      "replacement": "openai/gpt-oss-120b"
    },
    {
      "id": "llama3-70b-8192",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2025-08-30",
      "replacement": "openai/gpt-oss-120b"
    },
    {
      "id": "llama3-8b-8192",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2025-08-30",
      "replacement": "openai/gpt-oss-20b"
    },
    {
      "id": "mistral-saba-24b",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2025-07-30",
      "replacement": "openai/gpt-oss-120b"
    },
    {
      "id": "qwen-qwq-32b",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2025-07-14",
      "replacement": "openai/gpt-oss-120b"
    },
    {
      "id": "llama-guard-3-8b",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2025-06-06",
      "replacement": "openai/gpt-oss-safeguard-20b"
    },
    {
      "id": "llama-3.2-1b-preview",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2025-04-14",
      "replacement": "openai/gpt-oss-20b"
    },
    {
      "id": "llama-3.2-3b-preview",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2025-04-14",
      "replacement": "openai/gpt-oss-20b"
    },
    {
      "id": "llama-3.2-11b-vision-preview",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2025-04-14",
      "replacement": "qwen/qwen3.8-27b"
    },
    {
      "id": "llama-3.2-90b-vision-preview",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2025-04-14",
      "replacement": "qwen/qwen3.8-27b"
    },
    {
      "id": "mixtral-8x7b-32768",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2025-03-20",
      "replacement": "openai/gpt-oss-120b"
    },
    {
      "id": "llama-3.1-70b-versatile",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2025-01-24",
      "replacement": "openai/gpt-oss-120b"
    },
    {
      "id": "llama3-groq-70b-8192-tool-use-preview",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2025-01-06",
      "replacement": "openai/gpt-oss-120b"
    },
    {
      "id": "llama3-groq-8b-8192-tool-use-preview",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2025-01-06",
      "replacement": "openai/gpt-oss-20b"
    },
    {
      "id": "gemma-7b-it",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2024-12-18",
      "replacement": "openai/gpt-oss-20b"
    },
    {
      "id": "llama-3.2-90b-text-preview",
      "kind": "chat",
      "isAvailable": false,
      "retired": "2024-11-25",
      "replacement": "openai/gpt-oss-120b"
    },
    {
      "id": "distil-whisper-large-v3-en",
      "kind": "transcription",
      "isAvailable": false,
      "retired": "2025-08-23",
      "replacement": "whisper-large-v3-turbo"
    },
    {
      "id": "playai-tts",
      "kind": "speech",
      "isAvailable": false,
      "retired": "2025-12-31",
      "replacement": "canopylabs/orpheus-v1-english"
    },
    {
      "id": "playai-tts-arabic",
      "kind": "speech",
      "isAvailable": false,
      "retired": "2025-12-31",
      "replacement": "canopylabs/orpheus-arabic-saudi"
    }
  ]
};
}
};
const loaded = {};

function load(name) {
  if (!loaded[name]) {
    loaded[name] = { exports: {} };
    modules[name](loaded[name], load);
  }

  return loaded[name].exports;
}

load('client/client.js');
})();
