/* SPDX-License-Identifier: BSD-3-Clause */
/* The part of JSON Schema that harness/result.schema.json uses; an unknown keyword is an error, not ignored. */
#ifndef TESTS_UNIT_SUPPORT_SCHEMA_H
#define TESTS_UNIT_SUPPORT_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static inline bool schema_is(const json_t *value, const char *type)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "object",   [JSON_ARRAY] = "array", [JSON_STRING] = "string",
        [JSON_INTEGER] = "integer", [JSON_REAL] = "number", [JSON_TRUE] = "boolean",
        [JSON_FALSE] = "boolean",   [JSON_NULL] = "null"};
    return strcmp(names[json_typeof(value)], type) == 0 ||
           (json_is_integer(value) && strcmp(type, "number") == 0);
}

static inline bool schema_accepts(const json_t *root, const json_t *schema, const json_t *value,
                                  const char *path, char *why, size_t size);

static inline bool schema_type(const json_t *type, const json_t *value)
{
    if (json_is_string(type))
        return schema_is(value, json_string_value(type));
    for (size_t i = 0; i < json_array_size(type); i++)
        if (schema_is(value, json_string_value(json_array_get(type, i))))
            return true;
    return false;
}

static inline bool schema_object(const json_t *root, const json_t *schema, json_t *value,
                                 const char *path, char *why, size_t size)
{
    const json_t *required = json_object_get(schema, "required");
    json_t *properties = json_object_get(schema, "properties");
    const char *key;
    json_t *item;
    for (size_t i = 0; i < json_array_size(required); i++) {
        const char *name = json_string_value(json_array_get(required, i));
        if (!json_object_get(value, name)) {
            snprintf(why, size, "%s lacks \"%s\"", path, name);
            return false;
        }
    }
    json_object_foreach(value, key, item)
    {
        char child[256];
        const json_t *rule = json_object_get(properties, key);
        snprintf(child, sizeof(child), "%.180s.%.64s", path, key);
        if (!rule) {
            snprintf(why, size, "%s is not in the schema", child);
            return false;
        }
        if (!schema_accepts(root, rule, item, child, why, size))
            return false;
    }
    return true;
}

static inline bool schema_one_of(const json_t *root, const json_t *choices, const json_t *value,
                                 const char *path, char *why, size_t size)
{
    uint32_t fits = 0;
    for (size_t i = 0; i < json_array_size(choices); i++)
        fits += schema_accepts(root, json_array_get(choices, i), value, path, why, size);
    return fits == 1;
}

static inline bool schema_accepts(const json_t *root, const json_t *schema, const json_t *value,
                                  const char *path, char *why, size_t size)
{
    const json_t *ref = json_object_get(schema, "$ref");
    if (ref) {
        const char *name = json_string_value(ref) + strlen("#/$defs/");
        return schema_accepts(root, json_object_get(json_object_get(root, "$defs"), name), value,
                              path, why, size);
    }
    const json_t *choices = json_object_get(schema, "oneOf");
    if (choices)
        return schema_one_of(root, choices, value, path, why, size);
    const json_t *constant = json_object_get(schema, "const");
    const json_t *type = json_object_get(schema, "type");
    const json_t *least = json_object_get(schema, "minimum");
    if (!constant == !type ||
        (constant && !json_equal((json_t *)(uintptr_t)constant, (json_t *)(uintptr_t)value)) ||
        (type && !schema_type(type, value)) ||
        (least && json_is_integer(value) &&
         json_integer_value(value) < json_integer_value(least))) {
        snprintf(why, size, "%s has the wrong type or value", path);
        return false;
    }
    if (json_is_object(value))
        return schema_object(root, schema, (json_t *)(uintptr_t)value, path, why, size);
    for (size_t i = 0; i < json_array_size(value); i++) {
        char child[256];
        snprintf(child, sizeof(child), "%.200s[%zu]", path, i);
        if (!schema_accepts(root, json_object_get(schema, "items"), json_array_get(value, i), child,
                            why, size))
            return false;
    }
    return true;
}

#endif
