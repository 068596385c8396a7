// simdjson behind a C interface: one object text at a time, fully validated, nothing ever thrown.
#ifndef PARLEY_CSIMDJSON_H
#define PARLEY_CSIMDJSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A parser with its buffers; used from one thread at a time.
typedef struct parley_json parley_json;

enum {
  PARLEY_JSON_MEMBERS_MAX = 64  ///< members of the outermost object
};

typedef enum {
  PARLEY_JSON_OK = 0,
  PARLEY_JSON_TOO_LARGE,        ///< longer than the parser was made for
  PARLEY_JSON_TOO_DEEP,         ///< nested deeper than the parser was made for
  PARLEY_JSON_NOT_UTF8,         ///< not UTF-8
  PARLEY_JSON_MALFORMED,        ///< not JSON, or a number out of every 64-bit range
  PARLEY_JSON_NOT_AN_OBJECT,    ///< JSON, but not an object
  PARLEY_JSON_DUPLICATE_MEMBER, ///< a name twice in the outermost object
  PARLEY_JSON_TOO_MANY_MEMBERS, ///< more than PARLEY_JSON_MEMBERS_MAX members
  PARLEY_JSON_NO_MEMORY
} parley_json_status;

typedef enum {
  PARLEY_JSON_NULL = 0,
  PARLEY_JSON_BOOLEAN,
  PARLEY_JSON_INTEGER,  ///< a number without a fraction, in the range of int64_t
  PARLEY_JSON_NUMBER,   ///< any other number
  PARLEY_JSON_STRING,
  PARLEY_JSON_ARRAY,
  PARLEY_JSON_OBJECT
} parley_json_kind;

/// A value; `text` stays valid until the parser's next use.
typedef struct {
  parley_json_kind kind;
  int32_t boolean;
  int64_t integer;
  const uint8_t *text;  ///< decoded string, when kind is STRING
  size_t text_length;
  size_t start;         ///< where the value's own bytes are in the input; 0..0 for nested values
  size_t end;
} parley_json_value;

/// NULL when memory is short.
parley_json *parley_json_create(size_t size_max, size_t depth_max);
void parley_json_destroy(parley_json *parser);

/// Validates `text` as a whole; afterwards its members can be asked for. No member is left of an
/// earlier text when it fails.
parley_json_status parley_json_parse(parley_json *parser, const uint8_t *text, size_t length);

/// The parser's own copy of the text, which `start` and `end` of values count in.
const uint8_t *parley_json_bytes(const parley_json *parser);

/// 1 and `out` filled when the outermost object has the member, otherwise 0.
int32_t parley_json_find(
    const parley_json *parser, const uint8_t *key, size_t key_length, parley_json_value *out);

/// The same one level further down; 0 too when `outer` is no object or has the member twice.
int32_t parley_json_find_nested(
    const parley_json *parser, const uint8_t *outer, size_t outer_length, const uint8_t *key,
    size_t key_length, parley_json_value *out);

/// The elements of a member that is an array; -1 when it is none.
int64_t parley_json_count(const parley_json *parser, const uint8_t *key, size_t key_length);

/// 1 and `out` filled when the member is an array with so many elements, otherwise 0.
int32_t parley_json_element(
    const parley_json *parser, const uint8_t *key, size_t key_length, size_t index,
    parley_json_value *out);

#ifdef __cplusplus
}
#endif
#endif
