'use strict';

const { ofTask } = require('./check');
const { elementsOf, extensions, is, parts, scopesOf } = require('./elements');
const { shorten } = require('./messages');
const table = require('./table.json');

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
