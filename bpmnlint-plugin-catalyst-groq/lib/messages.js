'use strict';

const table = require('./table.json');

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
