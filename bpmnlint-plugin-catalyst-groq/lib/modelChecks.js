'use strict';

const { ofTask } = require('./check');
const { shorten } = require('./messages');
const { readModels } = require('./modelList');
const { closest } = require('./similarity');
const { constant, isGroq, objectIn } = require('./task');
const table = require('./table.json');

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
