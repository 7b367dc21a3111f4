'use strict';

const { ofField, ofTask } = require('./check');
const { readModels } = require('./modelList');
const { closestField } = require('./similarity');
const { constant, looksLikeField } = require('./task');
const table = require('./table.json');

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
