// The OpenAPI document against what is served: neither may know what the other does not.
#include "registry/api/openapi/openapi.h"

#include <regex>

#include <gtest/gtest.h>

#include "registry/api/item/item.h"
#include "registry/api/query/attribute.h"
#include "registry/api/query/device_patch.h"
#include "registry/api/query/queries.h"
#include "registry/api/watch/watch_query.h"
#include "schema/openapi_words.h"
#include "tests/registry/api/openapi/openapi_document.h"

namespace dmp::registry::api {
namespace {

using Names = std::set<std::string>;

Answer<Query> ask(const std::string& method, const std::string& target) {
  return parse_request({.method = method,
                        .target = target,
                        .authorization = "",
                        .if_match = "*",
                        .content_type = "application/json",
                        .body = R"({"note":"x"})"});
}

bool is_page(const Operation& operation) { return operation.path.rfind("/v1/", 0) != 0; }

template <std::size_t... kIndex>
Names served_routes(std::index_sequence<kIndex...>) {
  return {std::string(route_name(Query(std::in_place_index<kIndex>)))...};
}

const Json& attribute_schema() {
  return document().at(Json::json_pointer("/components/parameters/Attributes/schema"));
}

const Json& schema(const std::string& name) {
  return document().at("components").at("schemas").at(name);
}

// A value that the schema allows.
std::string sample(const Json& given) {
  const Json& json = resolved(given);
  if (json.contains("enum")) return json.at("enum").front();
  if (json.at("type") == "integer") return "7";
  if (json.at("type") == "boolean") return "true";
  return json.value("format", "") == "uuid" ? "0b0f3c1e-5a57-5c3f-9d0c-2f1f4c1d2e3f" : "x";
}

TEST(Openapi, is_a_document_of_version_3_1_in_which_every_reference_leads_somewhere) {
  EXPECT_EQ(document().at("openapi"), "3.1.0");
  EXPECT_EQ(document().at("info").at("version"), DMP_VERSION);
  EXPECT_EQ(openapi_document().find("\"@"), std::string::npos);
  Names references;
  collect_references(document(), references);
  for (const std::string& reference : references) {
    EXPECT_TRUE(document().contains(Json::json_pointer(reference.substr(1)))) << reference;
  }
  for (const auto& [kind, things] : document().at("components").items()) {
    if (kind == "securitySchemes") continue;
    for (const auto& [name, ignored] : things.items()) {
      EXPECT_EQ(references.count("#/components/" + kind + "/" + name), 1u) << name << " is unused";
    }
  }
}

TEST(Openapi, every_route_served_is_described_and_the_other_way_round) {
  Names described;
  Names ids;
  for (const Operation& operation : operations()) {
    SCOPED_TRACE(operation.method + " " + operation.path);
    EXPECT_TRUE(ids.insert(operation.json->at("operationId")).second);
    EXPECT_FALSE(operation.json->at("summary").get<std::string>().empty());
    EXPECT_FALSE(operation.json->at("x-codeSamples").empty());
    if (is_page(operation)) continue;
    described.insert((operation.method == "GET" ? "" : operation.method + " ") + operation.path);
  }
  EXPECT_EQ(described, served_routes(std::make_index_sequence<std::variant_size_v<Query>>()));
}

TEST(Openapi, a_path_takes_the_methods_that_are_described_and_no_others) {
  std::map<std::string, Names> described;
  for (const Operation& operation : operations()) {
    described[operation.path].insert(operation.method);
  }
  for (const auto& [path, methods] : described) {
    for (const char* method : {"GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS"}) {
      SCOPED_TRACE(std::string(method) + " " + path);
      const HttpRequest request{.method = method, .target = path, .authorization = ""};
      const auto page = documentation(request);
      const auto query = ask(method, sample_path(path));
      const int status = page ? page->status : query ? 200 : query.error().status;
      EXPECT_EQ(status == 405, methods.count(method) == 0);
      // Whatever else is wrong.
      const auto worse = ask(method, sample_path(path) + "?%zz");
      if (!page) {
        EXPECT_EQ(worse.error().status, methods.count(method) > 0 ? 400 : 405);
      }
      if (status != 405 || page) continue;
      std::string allowed;
      for (const std::string& one : methods) allowed += (allowed.empty() ? "" : ", ") + one;
      EXPECT_EQ(query.error().allow, allowed);
    }
  }
}

// A refusal of what no route knows names what this one knows.
Names known_parameters(const Operation& operation) {
  const auto query = ask(operation.method, sample_path(operation.path) + "?no-such=1");
  EXPECT_FALSE(query);
  std::string detail = query.error().detail;
  const std::string start = "known are ";
  detail = detail.substr(detail.find(start) + start.size());
  Names known;
  // The attributes are told in words and looked at by a test of their own.
  if (const auto end = detail.find("labels.KEY, "); end != std::string::npos) {
    detail = detail.substr(end + std::string("labels.KEY, ").size());
    known.insert("attributes");
  }
  std::istringstream words(detail);
  for (std::string word; words >> word;) known.insert(word.substr(0, word.find(',')));
  return known;
}

TEST(Openapi, every_parameter_served_is_described_and_the_other_way_round) {
  for (const Operation& operation : operations()) {
    SCOPED_TRACE(operation.method + " " + operation.path);
    Names in_path;
    const std::regex braces(R"(\{(\w+)\})");
    std::sregex_iterator at(operation.path.begin(), operation.path.end(), braces);
    for (; at != std::sregex_iterator(); ++at) in_path.insert((*at)[1]);
    EXPECT_EQ(operation.parameter_names("path"), in_path);
    if (is_page(operation)) {
      EXPECT_EQ(operation.parameter_names("query"), Names());
    } else {
      EXPECT_EQ(operation.parameter_names("query"), known_parameters(operation));
    }
  }
}

TEST(Openapi, every_attribute_is_a_parameter_that_is_described_and_the_other_way_round) {
  Names described;
  for (const auto& [name, value] : attribute_schema().at("properties").items()) {
    SCOPED_TRACE(name);
    described.insert(name);
    const auto query = ask("GET", "/v1/devices?" + name + "=" + sample(value));
    EXPECT_TRUE(query) << query.error().detail;
  }
  Names candidates = described;
  for (const Attribute& attribute : attributes()) {
    const std::size_t dot = attribute.name.find('.');
    candidates.insert({attribute.name, attribute.name.substr(0, dot),
                       attribute.name.substr(dot == std::string::npos ? 0 : dot + 1)});
  }
  for (const std::string& field : item_fields()) candidates.insert(field);
  for (const std::string& name : candidates) {
    const bool served = find_attribute(name) != nullptr && name != "labels";
    EXPECT_EQ(described.count(name) == 1, served) << name;
  }
  EXPECT_TRUE(ask("GET", "/v1/devices?labels.lab=LA"));
  EXPECT_EQ(attribute_schema().at("patternProperties").size(), 1u);
}

TEST(Openapi, every_field_of_a_device_is_described_and_the_other_way_round) {
  Names shown(item_fields().begin(), item_fields().end());
  shown.insert("sessions");
  EXPECT_EQ(flat_properties(schema("Device")), shown);
}

TEST(Openapi, names_the_fields_and_sort_attributes_that_are_taken_and_no_others) {
  const Json& list = document().at("paths").at("/v1/devices").at("get").at("parameters");
  Names candidates;
  for (const auto& [name, ignored] : attribute_schema().at("properties").items()) {
    candidates.insert({name, "-" + name, name.substr(0, name.find('.'))});
  }
  candidates.insert(item_fields().begin(), item_fields().end());
  const auto taken = [&](const std::string& parameter) {
    Names names;
    for (const std::string& name : candidates) {
      if (ask("GET", "/v1/devices?" + parameter + "=" + name)) names.insert(name);
    }
    return names;
  };
  for (const Json& parameter : list) {
    if (!parameter.contains("name")) continue;
    const Json& value = parameter.at("schema");
    if (parameter.at("name") == "sort") {
      EXPECT_EQ(value.at("enum").get<Names>(), taken("sort"));
    }
    if (parameter.at("name") == "fields") {
      EXPECT_EQ(value.at("items").at("enum").get<Names>(), taken("fields"));
    }
  }
}

TEST(Openapi, tells_the_bounds_that_hold) {
  const Json& parameters = document().at("components").at("parameters");
  EXPECT_EQ(parameters.at("Limit").at("schema").at("maximum"), kPageMax);
  EXPECT_EQ(parameters.at("Limit").at("schema").at("default"), kPageDefault);
  const Json& filter = parameters.at("Filter");
  EXPECT_EQ(filter.at("schema").at("maxLength"), kFilterBytesMax);
  const std::string words = filter.at("description");
  EXPECT_NE(
      words.find(std::to_string(kFilterBytesMax) + " bytes, " + std::to_string(kFilterTestsMax) +
                 " values and " + std::to_string(kFilterDepthMax) + " brackets"),
      std::string::npos);
  const Json& patch = schema("DevicePatch").at("properties");
  EXPECT_EQ(patch.at("note").at("maxLength"), kNoteBytesMax);
  EXPECT_EQ(patch.at("labels").at("maxProperties"), kLabelsPerPatchMax);
  EXPECT_NE(patch.at("labels")
                .at("description")
                .get<std::string>()
                .find(std::to_string(kLabelsPerDeviceMax)),
            std::string::npos);
}

TEST(Openapi, has_words_only_for_fields_that_are_there) {
  const Json& schemas = document().at("components").at("schemas");
  std::size_t told = 0;
  for (const FieldWords& one : all_field_words()) {
    if (openapi_document().find(std::string(one.words)) != std::string::npos) ++told;
  }
  EXPECT_EQ(told, all_field_words().size());
  EXPECT_TRUE(schemas.at("Identity").at("properties").at("esn").contains("description"));
}

TEST(Openapi, every_example_asks_for_something_that_is_understood) {
  const std::regex address(R"re("\$DMP_API(/[^"]*)")re");
  const std::regex value(R"re((?:--data-urlencode|-d) ('[^'{]*'|[^' ]+))re");
  const std::regex body(R"re(-d '(\{.*\})')re");
  for (const Operation& operation : operations()) {
    for (const Json& sample : operation.json->at("x-codeSamples")) {
      const std::string source = sample.at("source");
      SCOPED_TRACE(source);
      std::smatch found;
      ASSERT_TRUE(std::regex_search(source, found, address));
      std::string target = found[1];
      if (const auto at = target.find("$ID"); at != std::string::npos) {
        target.replace(at, 3, "0b0f3c1e-5a57-5c3f-9d0c-2f1f4c1d2e3f");
      }
      std::sregex_iterator at(source.begin(), source.end(), value);
      for (; at != std::sregex_iterator(); ++at) {
        std::string pair = (*at)[1];
        if (pair.front() == '\'') pair = pair.substr(1, pair.size() - 2);
        const std::size_t equals = pair.find('=');
        target += target.find('?') == std::string::npos ? '?' : '&';
        target += pair.substr(0, equals + 1) + percent_encode(pair.substr(equals + 1));
      }
      HttpRequest request{.method = operation.method, .target = target, .authorization = ""};
      request.if_match = "*";
      request.content_type = "application/merge-patch+json";
      if (std::regex_search(source, found, body)) request.body = found[1];
      if (is_watch(request)) {
        EXPECT_TRUE(parse_watch(request)) << parse_watch(request).error().detail;
        continue;
      }
      const auto query = parse_request(request);
      EXPECT_TRUE(query || documentation(request)) << query.error().detail;
    }
  }
}

TEST(Openapi, the_page_holds_the_document_and_loads_nothing) {
  const std::string& page = documentation_page();
  const std::size_t begin = page.find("{", page.find(R"(id="openapi">)"));
  const std::size_t end = page.find("</script>", begin);
  EXPECT_EQ(Json::parse(page.substr(begin, end - begin)), document());
  for (const char* loads : {"http://", "https://", "src=", "@import", "url("}) {
    EXPECT_EQ(page.find(loads), std::string::npos) << loads;
  }
}

TEST(Openapi, pages_need_no_token_and_are_told_apart_by_their_etag) {
  for (const char* path : {"/openapi.json", "/docs"}) {
    HttpRequest request{.method = "GET", .target = path, .authorization = ""};
    const auto page = documentation(request);
    ASSERT_TRUE(page);
    EXPECT_EQ(page->status, 200);
    EXPECT_EQ(page->headers.at(0).first, "ETag");
    request.if_none_match = page->headers.at(0).second;
    EXPECT_EQ(documentation(request)->status, 304);
    EXPECT_EQ(documentation(request)->body, "");
    request.target += "?x=1";
    EXPECT_EQ(documentation(request)->status, 400);
  }
  EXPECT_FALSE(documentation({.method = "GET", .target = "/docs/x", .authorization = ""}));
  EXPECT_FALSE(documentation({.method = "GET", .target = "/v1/devices", .authorization = ""}));
}

}  // namespace
}  // namespace dmp::registry::api
