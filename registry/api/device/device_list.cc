#include "registry/api/device/device_list.h"

#include <algorithm>
#include <chrono>
#include <unordered_map>

#include "registry/api/device/device_body.h"
#include "registry/api/query/item_values.h"
#include "registry/api/query/items_writer.h"
#include "registry/api/sql/device_page.h"
#include "registry/api/sql/reading.h"
#include "registry/api/sql/statements.h"
#include "registry/api/text.h"

namespace dmp::registry::api {
namespace {

// A view is read for few keys at a time, and a request for so many in all: a filter that hardly
// anything passes gives a short page and a cursor instead of a long wait.
constexpr int kKeysPerChunkMax = 512;
constexpr int kKeysPerRequestMax = 4096;

// What a list answers: the devices of a page, and the cursor of the next one; empty at the end.
struct List {
  DeviceBody body;
  std::string next{};
  bool from_memory = false;
};

List to_list(const DevicesQuery& query, const ListedPage& page) {
  List list{.body = DeviceBody(query.format, query.fields), .from_memory = true};
  for (std::size_t row = 0; row < page.items.size(); ++row) list.body.add(Cells(page.items, row));
  if (page.next) list.next = next_cursor(query, DevicePosition{*page.next, {}}.str());
  return list;
}

// Keys in the order asked for, then their current sessions, until the page is full or the keys are.
class DeviceList {
 public:
  DeviceList(const DevicesQuery& query, const Scope& scope, Reader& reader)
      : query_(query),
        scope_(scope),
        reader_(reader),
        after_(DevicePosition::parse(query.page.after)),
        body_(query.format, query.fields) {}

  // The cursor of the next page; empty at the end.
  Answer<std::string> run() {
    int examined = 0;
    int chunk = std::min(query_.page.limit + 1, kKeysPerChunkMax);
    // Until then the states are not worth a look-up of each key: the view reads them anyway.
    bool few_pass = false;
    for (;;) {
      const auto keys =
          read(reader_, device_keys(query_, scope_, after_ ? &*after_ : nullptr, chunk, few_pass));
      if (!keys) return tl::unexpected(keys.error());
      const bool more = static_cast<int>(keys->size()) == chunk;
      const auto cut = add_items_of(*keys);
      if (!cut) return tl::unexpected(cut.error());
      examined += chunk;
      const bool full = body_.count() == query_.page.limit || examined >= kKeysPerRequestMax;
      if (*cut || (more && full)) return next_cursor(query_, after_->str());
      if (!more) return std::string();
      few_pass = body_.count() * 2 < examined;
      chunk = next_chunk(chunk, examined);
    }
  }

  DeviceBody take_body() && { return std::move(body_); }

 private:
  // As many keys as the rest of the page needs, if they pass as often as those before.
  [[nodiscard]] int next_chunk(int chunk, int examined) const {
    if (body_.count() == 0) return std::min(chunk * 2, kKeysPerChunkMax);
    const int missing = query_.page.limit - body_.count();
    return std::min(missing * examined / body_.count() + 8, kKeysPerChunkMax);
  }

  // Whether the page is full and keys are left; after_ is the last key dealt with.
  Answer<bool> add_items_of(const Rows& keys) {
    if (keys.empty()) return false;
    const auto rows = read(reader_, current_items(scope_, array_literal(devices_of(keys))));
    if (!rows) return tl::unexpected(rows.error());
    std::unordered_map<std::string_view, std::size_t> row_of;
    for (std::size_t row = 0; row < rows->size(); ++row) row_of.emplace(rows->at(row, 0), row);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      DevicePosition key{*DeviceId::parse(keys.at(i, 0)), std::string(keys.at(i, 1))};
      if (after_ && after_->device_id == key.device_id && after_->value == key.value) continue;
      const auto found = row_of.find(keys.at(i, 0));
      if (found != row_of.end() && belongs(*rows, found->second, key)) {
        if (body_.count() == query_.page.limit) return true;
        body_.add(Cells(*rows, found->second));
      }
      after_ = std::move(key);
    }
    return false;
  }

  // A device stands in the list once: where its current session's value puts it.
  [[nodiscard]] bool belongs(const Rows& rows, std::size_t row, const DevicePosition& key) const {
    const bool by_value = query_.sort.attribute->column != "device_id";
    if (by_value && ItemValues(rows, row).of(*query_.sort.attribute) != key.value) return false;
    return passes(query_.filter, rows, row);
  }

  const DevicesQuery& query_;
  const Scope& scope_;
  Reader& reader_;
  std::optional<DevicePosition> after_;
  DeviceBody body_;
};

// None if counting takes too long: the list is there, and worth more than its length.
Answer<std::optional<Total>> estimate(const DevicesQuery& query, const Scope& scope,
                                      Reader& reader) {
  const auto rows = read(reader, sessions_estimate(query, scope));
  if (!rows && rows.error().code == "too_slow") return std::optional<Total>();
  if (!rows) return tl::unexpected(rows.error());
  Total total;
  if (!rows->empty()) total.count = to_integer(rows->at(0, 0)).value_or(0);
  return std::optional(total);
}

Answer<List> read_list(const DevicesQuery& query, const Scope& scope, Reader& reader,
                       Replica* replica) {
  if (replica != nullptr) {
    const auto page = replica->list(query, scope, std::chrono::steady_clock::now());
    if (page) return to_list(query, *page);
  }
  DeviceList list(query, scope, reader);
  auto next = list.run();
  if (!next) return tl::unexpected(next.error());
  return List{std::move(list).take_body(), std::move(*next)};
}

Answer<std::optional<Total>> total_of(const DevicesQuery& query, const Scope& scope,
                                      const List& list, Reader& reader) {
  if (!query.count) return std::optional<Total>();
  const bool whole = list.next.empty() && query.page.after.empty();
  if (whole) return std::optional(Total{list.body.count(), true});
  return estimate(query, scope, reader);
}

}  // namespace

Answer<HttpResponse> answer_devices(const DevicesQuery& query, const Scope& scope, Reader& reader,
                                    Replica* replica) {
  auto list = read_list(query, scope, reader, replica);
  if (!list) return tl::unexpected(list.error());
  const auto total = total_of(query, scope, *list, reader);
  if (!total) return tl::unexpected(total.error());
  HttpResponse response{.from_memory = list->from_memory && !query.count};
  response.content_type = content_type_of(query.format);
  response.headers.emplace_back("Vary", "Accept");
  if (!list->next.empty()) response.headers.push_back(next_link(query.page, list->next));
  response.body = std::move(list->body).finish(list->next, *total);
  return response;
}

}  // namespace dmp::registry::api
