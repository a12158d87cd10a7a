#include <algorithm>
#include <optional>

#include "registry/api/problem.h"
#include "registry/api/query/filter.h"
#include "registry/api/text.h"
#include "schema/ids.h"
#include "schema/messages.h"

namespace dmp::registry::api {
namespace {

template <class T>
using Parsed = tl::expected<T, FilterFault>;

struct Token {
  enum class Kind { kEnd, kSymbol, kWord, kString };
  Kind kind = Kind::kEnd;
  std::size_t begin = 0;  // offset in bytes
  std::string text;       // of a string: what it means
  std::string raw;        // as it was written
};

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._/:*?-").find(c) != std::string_view::npos ||
         static_cast<unsigned char>(c) >= 0x80;
}

std::size_t column_of(std::string_view text, std::size_t offset) {
  const auto starts_character = [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  };
  return 1 +
         static_cast<std::size_t>(std::count_if(
             text.begin(), text.begin() + static_cast<std::ptrdiff_t>(offset), starts_character));
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Parsed<Token> next() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    if (at_ == text_.size()) return Token{Token::Kind::kEnd, at_, {}, {}};
    if (text_[at_] == '"') return string();
    static constexpr std::string_view kSymbols[] = {
        "&&", "||", "==", "!=", "!~", "<=", ">=", "(", ")", ",", "!", "~", "<", ">"};
    for (const std::string_view symbol : kSymbols) {
      if (text_.substr(at_).starts_with(symbol)) return take(Token::Kind::kSymbol, symbol.size());
    }
    std::size_t bytes = 0;
    while (at_ + bytes < text_.size() && is_word(text_[at_ + bytes])) ++bytes;
    if (bytes > 0) return take(Token::Kind::kWord, bytes);
    return fault(
        "a filter has no such character; operators are == != ~ !~ < <= > >= in && || ! "
        "and other text stands in double quotes");
  }

 private:
  Token take(Token::Kind kind, std::size_t bytes) {
    const std::string text(text_.substr(at_, bytes));
    at_ += bytes;
    return {kind, at_ - bytes, text, text};
  }

  Parsed<Token> string() {
    std::string meaning;
    for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
      if (text_[i] == '"') {
        Token token = take(Token::Kind::kString, i + 1 - at_);
        token.text = std::move(meaning);
        return token;
      }
      if (text_[i] == '\\' && ++i == text_.size()) break;
      meaning += text_[i];
    }
    return fault("the double quote is not closed");
  }

  tl::unexpected<FilterFault> fault(std::string detail) const {
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != ' ' && text_[at_] != '"') ++end;
    if (text_[at_] == '"') end = text_.size();
    return tl::unexpected(FilterFault{
        column_of(text_, at_), std::string(text_.substr(at_, end - at_)), std::move(detail)});
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string list_of(const std::vector<std::string_view>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

// The canonical text of a value, or what may stand there instead.
tl::expected<std::string, std::string> value_for(const Attribute& attribute,
                                                 const std::string& text) {
  switch (attribute.kind) {
    case ValueKind::kText:
      if (text.size() <= dmp::Limits::kStringBytes) return text;
      return tl::unexpected("at most " + std::to_string(dmp::Limits::kStringBytes) + " bytes");
    case ValueKind::kWord:
    case ValueKind::kCode:
      if (std::count(attribute.words.begin(), attribute.words.end(), text) > 0) return text;
      return tl::unexpected(list_of(attribute.words));
    case ValueKind::kUuid:
      if (const auto uuid = DeviceId::parse(text)) return uuid->str();
      return tl::unexpected(std::string("a UUID"));
    case ValueKind::kSerial:
      if (RaeSerial::parse(text)) return text;
      return tl::unexpected(std::string("a RAE serial, 1 to 64 of A-Z a-z 0-9 . _ -"));
    case ValueKind::kBoolean:
      if (text == "true" || text == "false") return text;
      return tl::unexpected(std::string("true or false"));
    case ValueKind::kNumber:
      if (const auto number = to_integer(text)) return std::to_string(*number);
      return tl::unexpected(std::string("a whole number; times are microseconds since 1970"));
  }
  return tl::unexpected(std::string("nothing"));
}

constexpr std::pair<std::string_view, Operator> kOperators[] = {
    {"==", Operator::kEqual},   {"!=", Operator::kNotEqual}, {"~", Operator::kLike},
    {"!~", Operator::kNotLike}, {"<", Operator::kLess},      {">=", Operator::kAtLeast},
    {">", Operator::kMore},     {"<=", Operator::kAtMost}};

std::optional<Operator> operator_of(std::string_view symbol) {
  for (const auto& [text, op] : kOperators) {
    if (text == symbol) return op;
  }
  return std::nullopt;
}

Operator opposite(Operator op) {  // the enumerators stand in pairs
  return static_cast<Operator>(static_cast<int>(op) ^ 1);
}

bool takes(ValueKind kind, Operator op) {
  if (op == Operator::kEqual || op == Operator::kNotEqual) return true;
  const bool globs = op == Operator::kLike || op == Operator::kNotLike;
  return globs ? kind == ValueKind::kText || kind == ValueKind::kSerial
               : kind == ValueKind::kNumber;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), lexer_(text) {}

  Parsed<Filter> run() {
    if (auto started = advance(); !started) return tl::unexpected(started.error());
    auto filter = any(false);
    if (filter && token_.kind != Token::Kind::kEnd) {
      return fault("here the filter should end or go on with && or ||");
    }
    return filter;
  }

 private:
  Parsed<void> advance() {
    auto token = lexer_.next();
    if (!token) return tl::unexpected(token.error());
    token_ = std::move(*token);
    return {};
  }

  [[nodiscard]] bool is(std::string_view symbol) const {
    return token_.kind == Token::Kind::kSymbol && token_.text == symbol;
  }

  [[nodiscard]] tl::unexpected<FilterFault> fault(std::string detail) const {
    return tl::unexpected(
        FilterFault{column_of(text_, token_.begin), token_.raw, std::move(detail)});
  }

  // `negated`: the parts stand under an odd number of `!`.
  Parsed<Filter> any(bool negated) {
    return chain("||", negated ? Filter::Kind::kAll : Filter::Kind::kAny,
                 [this, negated] { return all(negated); });
  }

  Parsed<Filter> all(bool negated) {
    return chain("&&", negated ? Filter::Kind::kAny : Filter::Kind::kAll,
                 [this, negated] { return unary(negated); });
  }

  template <class Part>
  Parsed<Filter> chain(std::string_view symbol, Filter::Kind kind, Part&& part) {
    auto first = part();
    if (!first || !is(symbol)) return first;
    Filter filter{.kind = kind};
    filter.add(std::move(*first));
    while (is(symbol)) {
      if (auto moved = advance(); !moved) return tl::unexpected(moved.error());
      auto next = part();
      if (!next) return next;
      filter.add(std::move(*next));
    }
    return filter;
  }

  Parsed<Filter> unary(bool negated) {
    while (is("!")) {
      negated = !negated;
      if (auto moved = advance(); !moved) return tl::unexpected(moved.error());
    }
    if (!is("(")) return test(negated);
    if (++depth_ > kFilterDepthMax) {
      return fault("brackets may stand " + std::to_string(kFilterDepthMax) + " deep");
    }
    if (auto moved = advance(); !moved) return tl::unexpected(moved.error());
    auto inner = any(negated);
    if (!inner) return inner;
    if (!is(")")) return fault("here ) is missing, or && or || before what follows");
    --depth_;
    if (auto moved = advance(); !moved) return tl::unexpected(moved.error());
    return inner;
  }

  Parsed<Filter> test(bool negated) {
    if (token_.kind != Token::Kind::kWord) {
      return fault("here an attribute should stand, such as presence or labels.lab");
    }
    Test test{.attribute = find_attribute(token_.text)};
    if (test.attribute == nullptr || token_.text == "labels") {
      return fault("there is no attribute " + shown(token_.text) +
                   "; write one as it stands in a device, such as identity.model, or labels.KEY");
    }
    if (test.attribute->is_labels()) test.label = token_.text.substr(token_.text.find('.') + 1);
    if (auto moved = advance(); !moved) return tl::unexpected(moved.error());
    if (token_.kind == Token::Kind::kWord && token_.text == "in") {
      return in(std::move(test), negated);
    }
    const auto op = token_.kind == Token::Kind::kSymbol ? operator_of(token_.text) : std::nullopt;
    if (!op || !takes(test.attribute->kind, *op)) {
      return fault("after " + test.attribute->name + " should stand " +
                   list_of(operators_of(test.attribute->kind)) + ", or in");
    }
    test.op = negated ? opposite(*op) : *op;
    if (auto moved = advance(); !moved) return tl::unexpected(moved.error());
    return value(std::move(test));
  }

  Parsed<Filter> in(Test test, bool negated) {
    test.op = negated ? Operator::kNotEqual : Operator::kEqual;
    Filter filter{.kind = negated ? Filter::Kind::kAll : Filter::Kind::kAny};
    if (auto moved = advance(); !moved) return tl::unexpected(moved.error());
    if (!is("(")) return fault("after in a list should stand: in (a, b)");
    do {
      if (auto moved = advance(); !moved) return tl::unexpected(moved.error());
      auto one = value(test);
      if (!one) return one;
      filter.parts.push_back(std::move(*one));
    } while (is(","));
    if (!is(")")) return fault("here , or ) should stand");
    if (auto moved = advance(); !moved) return tl::unexpected(moved.error());
    if (filter.parts.size() == 1) return std::move(filter.parts.front());
    return filter;
  }

  Parsed<Filter> value(Test test) {
    if (token_.kind != Token::Kind::kWord && token_.kind != Token::Kind::kString) {
      return fault("here a value should stand: a word, or text in double quotes");
    }
    if (++tests_ > kFilterTestsMax) {
      return fault("a filter may hold " + std::to_string(kFilterTestsMax) + " values");
    }
    const bool glob = test.op == Operator::kLike || test.op == Operator::kNotLike;
    auto value = glob ? token_.text : value_for(*test.attribute, token_.text);
    if (!value) {
      return fault(test.attribute->name + " cannot be " + shown(token_.text) + "; give " +
                   value.error());
    }
    test.value = std::move(*value);
    if (auto moved = advance(); !moved) return tl::unexpected(moved.error());
    return Filter{.kind = Filter::Kind::kTest, .test = std::move(test)};
  }

  std::string_view text_;
  Lexer lexer_;
  Token token_;
  int depth_ = 0;
  int tests_ = 0;
};

}  // namespace

std::vector<std::string_view> operators_of(ValueKind kind) {
  std::vector<std::string_view> texts;
  for (const auto& [text, op] : kOperators) {
    if (takes(kind, op)) texts.push_back(text);
  }
  return texts;
}

tl::expected<Filter, FilterFault> parse_filter(std::string_view text) {
  if (text.size() > kFilterBytesMax) {
    return tl::unexpected(
        FilterFault{1, "", "a filter may have " + std::to_string(kFilterBytesMax) + " bytes"});
  }
  return Parser(text).run();
}

tl::expected<Filter, FilterFault> equal_filter(std::string_view attribute, std::string_view value) {
  const std::string text(value);
  Test test{.attribute = find_attribute(attribute)};
  if (test.attribute == nullptr || attribute == "labels") {
    return tl::unexpected(FilterFault{0, text, "an attribute"});
  }
  if (test.attribute->is_labels()) test.label = attribute.substr(attribute.find('.') + 1);
  auto canonical = value_for(*test.attribute, text);
  if (!canonical) return tl::unexpected(FilterFault{0, text, canonical.error()});
  if (canonical->empty()) return tl::unexpected(FilterFault{0, text, "1 to 256 bytes"});
  test.value = std::move(*canonical);
  return Filter{.kind = Filter::Kind::kTest, .test = std::move(test)};
}

}  // namespace dmp::registry::api
