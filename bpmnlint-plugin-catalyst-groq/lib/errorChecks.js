'use strict';

const { ofTask } = require('./check');
const { is } = require('./elements');
const { shorten } = require('./messages');
const { codesAt, codesOfEngine, catches } = require('./scopes');
const { closest, closeMatches } = require('./similarity');
const { entriesIn, isGroq } = require('./task');
const table = require('./table.json');

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
