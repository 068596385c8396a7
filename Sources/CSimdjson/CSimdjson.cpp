// simdjson behind a C interface: one pass of its DOM parser validates, and says where all lies.
#include "CSimdjson.h"

#include <simdjson.h>

#include <cstring>
#include <memory>
#include <new>
#include <string_view>

namespace {

using std::string_view;
namespace dom = simdjson::dom;

/// Beyond it not every whole number is a double, so a number with a fraction part is not "whole".
constexpr double whole_double_max = 9007199254740992.0;

struct Member {
  string_view key;
  dom::element element;
  size_t start;
  size_t end;
};

parley_json_status status_of(simdjson::error_code error) noexcept {
  switch (error) {
  case simdjson::SUCCESS: return PARLEY_JSON_OK;
  case simdjson::CAPACITY: return PARLEY_JSON_TOO_LARGE;
  case simdjson::DEPTH_ERROR: return PARLEY_JSON_TOO_DEEP;
  case simdjson::UTF8_ERROR: return PARLEY_JSON_NOT_UTF8;
  case simdjson::MEMALLOC: return PARLEY_JSON_NO_MEMORY;
  default: return PARLEY_JSON_MALFORMED;
  }
}

string_view view(const uint8_t *bytes, size_t length) noexcept {
  return string_view(reinterpret_cast<const char *>(bytes), length);
}

void describe_double(double number, parley_json_value &out) noexcept {
  out.kind = PARLEY_JSON_NUMBER;
  if (number < -whole_double_max || number > whole_double_max) return;
  auto whole = static_cast<int64_t>(number);
  if (static_cast<double>(whole) != number) return;
  out.kind = PARLEY_JSON_INTEGER;
  out.integer = whole;
}

void describe(dom::element element, parley_json_value &out) noexcept {
  out = parley_json_value{};
  switch (element.type()) {
  case dom::element_type::NULL_VALUE: out.kind = PARLEY_JSON_NULL; break;
  case dom::element_type::ARRAY: out.kind = PARLEY_JSON_ARRAY; break;
  case dom::element_type::OBJECT: out.kind = PARLEY_JSON_OBJECT; break;
  case dom::element_type::UINT64: out.kind = PARLEY_JSON_NUMBER; break;
  case dom::element_type::BOOL: {
    bool value = false;
    if (element.get_bool().get(value)) break;
    out.kind = PARLEY_JSON_BOOLEAN;
    out.boolean = value;
    break;
  }
  case dom::element_type::INT64: {
    if (element.get_int64().get(out.integer)) break;
    out.kind = PARLEY_JSON_INTEGER;
    break;
  }
  case dom::element_type::DOUBLE: {
    double value = 0;
    if (element.get_double().get(value)) break;
    describe_double(value, out);
    break;
  }
  case dom::element_type::STRING: {
    string_view text;
    if (element.get_string().get(text)) break;
    out.kind = PARLEY_JSON_STRING;
    out.text = reinterpret_cast<const uint8_t *>(text.data());
    out.text_length = text.size();
    break;
  }
  }
}

bool is_space(char byte) noexcept {
  return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

} // namespace

struct parley_json {
  size_t size_max = 0;
  std::unique_ptr<char[]> text;
  dom::parser validator;
  Member members[PARLEY_JSON_MEMBERS_MAX];
  size_t count = 0;

  const Member *find(string_view key) const noexcept {
    for (size_t index = 0; index < count; index += 1)
      if (members[index].key == key) return &members[index];
    return nullptr;
  }

  parley_json_status list(dom::object object) noexcept {
    for (auto field : object) {
      if (find(field.key)) return PARLEY_JSON_DUPLICATE_MEMBER;
      if (count == PARLEY_JSON_MEMBERS_MAX) return PARLEY_JSON_TOO_MANY_MEMBERS;
      members[count] = Member{field.key, field.value, 0, 0};
      count += 1;
    }
    return PARLEY_JSON_OK;
  }

  /// Finds where each member's value is, by what the parser's first stage left: the places of all
  /// brackets, commas and colons and of the beginnings of names and values. The text is known to
  /// be valid, so behind each bracket or comma of the outermost object come name, colon and value.
  void locate() noexcept {
    const uint32_t *place = validator.implementation->structural_indexes.get();
    for (size_t index = 0; index < count; index += 1) {
      const uint32_t *value = place + 3;
      place = behind(value);
      size_t end = *place;
      while (is_space(text[end - 1])) end -= 1;
      members[index].start = *value;
      members[index].end = end;
    }
  }

  /// The place of the comma or bracket behind a value.
  const uint32_t *behind(const uint32_t *place) const noexcept {
    size_t depth = 0;
    do {
      char byte = text[*place];
      if (byte == '{' || byte == '[') depth += 1;
      if (byte == '}' || byte == ']') depth -= 1;
      place += 1;
    } while (depth > 0);
    return place;
  }

  parley_json_status parse(const uint8_t *bytes, size_t length) noexcept {
    count = 0;
    if (length > size_max) return PARLEY_JSON_TOO_LARGE;
    if (length > 0) std::memcpy(text.get(), bytes, length);
    std::memset(text.get() + length, 0, simdjson::SIMDJSON_PADDING);
    dom::element root;
    if (auto error = validator.parse(text.get(), length, false).get(root)) return status_of(error);
    dom::object object;
    if (root.get_object().get(object)) return PARLEY_JSON_NOT_AN_OBJECT;
    auto status = list(object);
    if (status == PARLEY_JSON_OK) locate();
    else count = 0;
    return status;
  }
};

extern "C" parley_json *parley_json_create(size_t size_max, size_t depth_max) {
  std::unique_ptr<parley_json> parser(new (std::nothrow) parley_json);
  if (!parser) return nullptr;
  parser->size_max = size_max;
  parser->text.reset(new (std::nothrow) char[size_max + simdjson::SIMDJSON_PADDING]);
  if (!parser->text) return nullptr;
  if (parser->validator.allocate(size_max, depth_max)) return nullptr;
  return parser.release();
}

extern "C" void parley_json_destroy(parley_json *parser) { delete parser; }

extern "C" parley_json_status
parley_json_parse(parley_json *parser, const uint8_t *text, size_t length) {
  return parser->parse(text, length);
}

extern "C" const uint8_t *parley_json_bytes(const parley_json *parser) {
  return reinterpret_cast<const uint8_t *>(parser->text.get());
}

extern "C" int32_t parley_json_find(
    const parley_json *parser, const uint8_t *key, size_t key_length, parley_json_value *out) {
  const Member *member = parser->find(view(key, key_length));
  if (!member) return 0;
  describe(member->element, *out);
  out->start = member->start;
  out->end = member->end;
  return 1;
}

extern "C" int32_t parley_json_find_nested(
    const parley_json *parser, const uint8_t *outer, size_t outer_length, const uint8_t *key,
    size_t key_length, parley_json_value *out) {
  const Member *member = parser->find(view(outer, outer_length));
  dom::object object;
  if (!member || member->element.get_object().get(object)) return 0;
  int32_t found = 0;
  for (auto field : object) {
    if (field.key != view(key, key_length)) continue;
    if (found) return 0;
    describe(field.value, *out);
    found = 1;
  }
  return found;
}

extern "C" int64_t
parley_json_count(const parley_json *parser, const uint8_t *key, size_t key_length) {
  const Member *member = parser->find(view(key, key_length));
  dom::array array;
  if (!member || member->element.get_array().get(array)) return -1;
  return static_cast<int64_t>(array.size());
}

extern "C" int32_t parley_json_element(
    const parley_json *parser, const uint8_t *key, size_t key_length, size_t index,
    parley_json_value *out) {
  const Member *member = parser->find(view(key, key_length));
  dom::array array;
  dom::element element;
  if (!member || member->element.get_array().get(array)) return 0;
  if (array.at(index).get(element)) return 0;
  describe(element, *out);
  return 1;
}
