#include "common/base/text.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"

namespace simclr {
namespace {

constexpr std::size_t kMinLimit = 40;  // room for the longest note and a character before it

// Bytes of the sequence that `lead` begins; 0: it begins none.
std::size_t SequenceLength(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  if (lead >= 0xf0 && lead < 0xf5) return 4;
  return 0;
}

bool IsAllowed(std::uint32_t code_point, std::size_t length) {
  constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code_point >= 0xd800 && code_point < 0xe000;
  return code_point >= kSmallest[length] && code_point <= 0x10ffff && !surrogate;
}

// Takes the first character, or the first byte of what is none, and returns it as it is printed.
std::string TakePrintable(absl::string_view& text, bool lines) {
  const Character first = FirstCharacter(text);
  const absl::string_view taken = text.substr(0, std::max<std::size_t>(1, first.length));
  text.remove_prefix(taken.size());
  const bool layout = lines && (first.code_point == '\n' || first.code_point == '\t');
  if (first.length > 0 && (layout || !IsControl(first.code_point))) return std::string(taken);
  std::string escaped;
  for (const char byte : taken) {
    absl::StrAppend(&escaped, "\\x", absl::Hex(static_cast<unsigned char>(byte), absl::kZeroPad2));
  }
  return escaped;
}

std::string Escape(absl::string_view bytes, std::size_t limit, bool lines) {
  limit = std::max(limit, kMinLimit);
  const std::size_t room = limit - std::min(limit, kMinLimit);  // what surely fits beside a note
  std::string text;
  std::size_t cut_text = 0;
  std::size_t cut_bytes = 0;
  for (absl::string_view rest = bytes; !rest.empty();) {
    text += TakePrintable(rest, lines);
    if (text.size() <= room) {
      cut_text = text.size();
      cut_bytes = bytes.size() - rest.size();
    }
    if (text.size() > limit) {
      return absl::StrCat(text.substr(0, cut_text), " ... (", bytes.size() - cut_bytes, " bytes more)");
    }
  }
  return text;
}

}  // namespace

Character FirstCharacter(absl::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = SequenceLength(lead);
  if (length == 0 || length > text.size()) return {};
  std::uint32_t code_point = length == 1 ? lead : lead & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0) != 0x80) return {};
    code_point = code_point << 6 | (next & 0x3fu);
  }
  return IsAllowed(code_point, length) ? Character{length, code_point} : Character{};
}

bool IsControl(std::uint32_t code_point) {
  const bool control = code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0);
  const bool separator = code_point == 0x2028 || code_point == 0x2029;
  const bool direction =
      (code_point >= 0x202a && code_point <= 0x202e) || (code_point >= 0x2066 && code_point <= 0x2069);
  return control || separator || direction;
}

bool IsUtf8(absl::string_view text) {
  while (!text.empty()) {
    const Character first = FirstCharacter(text);
    if (first.length == 0) return false;
    text.remove_prefix(first.length);
  }
  return true;
}

std::string Printable(absl::string_view bytes, std::size_t limit) {
  return Escape(bytes, limit, false);
}

std::string PrintableLines(absl::string_view bytes, std::size_t limit) {
  return Escape(bytes, limit, true);
}

std::string PrintableTail(absl::string_view bytes, std::size_t limit) {
  // Each byte may become four; so what is escaped is short, however long the log is.
  absl::string_view rest = bytes.substr(bytes.size() - std::min(bytes.size(), limit));
  while (!rest.empty() && rest.size() < bytes.size() &&
         (static_cast<unsigned char>(rest[0]) & 0xc0) == 0x80) {
    rest.remove_prefix(1);  // of a character that began before
  }
  std::string text = PrintableLines(rest);
  while (text.size() > limit) {
    TakePrintable(rest, true);
    text = PrintableLines(rest);
  }
  return text;
}

std::size_t CompleteUtf8(absl::string_view bytes) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, bytes.size()); ++back) {
    const auto byte = static_cast<unsigned char>(bytes[bytes.size() - back]);
    if ((byte & 0xc0) == 0x80) continue;
    return SequenceLength(byte) > back ? bytes.size() - back : bytes.size();
  }
  return bytes.size();
}

std::string PrintableList(const std::vector<std::string>& names, std::size_t limit) {
  std::string list;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string name = Printable(names[i], limit);
    if (i > 0 && list.size() + name.size() > limit) {
      return absl::StrCat(list, ", ... (", names.size() - i, " more)");
    }
    absl::StrAppend(&list, i == 0 ? "" : ", ", name);
  }
  return list;
}

}  // namespace simclr
