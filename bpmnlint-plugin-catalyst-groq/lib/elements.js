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
