#include "tests/simulation/router.h"

#include "base/check.h"
#include "schema/codec.h"
#include "schema/topics.h"

namespace dmp::simulation {

using std::chrono::milliseconds;

namespace {

// How much later than its list a planted roster is stamped.
constexpr SimTime kListingLag = std::chrono::milliseconds(1500);

SessionId::Bytes bytes_of(std::uint64_t high, std::uint64_t low) {
  SessionId::Bytes bytes{};
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<std::uint8_t>(high >> (8 * i));
    bytes[8 + i] = static_cast<std::uint8_t>(low >> (8 * i));
  }
  return bytes;
}

}  // namespace

Router::Life::Life(Router& router) {
  local::AgentSettings settings;
  settings.rae = router.rae_;
  settings.seed = router.dice_.next();
  if (has_alike_dice(router.plant_)) settings.seed = 1;
  if (router.plant_ == Plant::kFreesOnPuback) settings.free_on = local::FreeOn::kPuback;
  settings.limits.probe.interval = std::chrono::minutes(1);
  agent = std::make_unique<local::Agent>(
      settings, router.profiles_, router,
      local::AgentPorts{router, router.disk_, router, router.lan_, &router.lan_}, events, metrics);
}

Router::Router(const RaeSerial& rae, const std::string& name, int devices, Timeline& timeline,
               Dice& dice, Network& network, Plant plant)
    : rae_(rae),
      name_(name),
      timeline_(timeline),
      dice_(dice),
      network_(network),
      plant_(plant),
      profiles_(lan_profiles()),
      disk_(timeline),
      lan_(name, devices, dice, [this](SimTime delay, local::Event event) {
        timeline_.in(delay, [this, life = lives_, event = std::move(event)]() mutable {
          if (life == lives_) post(std::move(event));
        });
      }) {}

void Router::boot() {
  if (is_running()) {
    life_->boots_after = life_->is_leaving;
    return;
  }
  timeline_.tell(name_, "boots, ceiling " + std::to_string(stored().ceiling.us));
  ++lives_;
  spare();
  life_ = std::make_unique<Life>(*this);
  DMP_CHECK(life_->agent->load().has_value());
  life_->has_events = true;
  lan_.wake_all();
}

void Router::crash(bool power_lost) {
  if (!is_running()) return;
  timeline_.tell(name_, power_lost ? "loses its power" : "is killed");
  end_life();
  // Without power nobody closes the connection: the broker waits for its keepalive.
  network_.vanished(*this, power_lost ? milliseconds(30'000) : milliseconds(1));
}

void Router::stop() {
  if (!is_running() || life_->is_leaving) return;
  timeline_.tell(name_, "is stopped");
  life_->is_leaving = true;
  life_->has_events = true;
  life_->agent->begin_leave();
}

void Router::end_life() {
  ++lives_;
  life_.reset();
}

void Router::spare() {
  disk_.power_on();
  publishes_left_ = -1;
}

void Router::wipe() {
  DMP_CHECK(!is_running());
  timeline_.tell(name_, "is wiped");
  disk_.wipe();
}

void Router::become_clone_of(const Router& other) {
  DMP_CHECK(!is_running());
  timeline_.tell(name_, "gets the disk of " + other.name_);
  disk_.copy(other.disk_);
}

void Router::set_clock_error(SimTime error) {
  clock_error_ = error;
  timeline_.tell(name_,
                 "clock is now wrong by " + std::to_string(error.count() / 1'000'000) + " s");
}

bool Router::is_connected() const { return is_running() && life_->is_connected; }

Router::Doubts Router::doubts() const {
  if (!is_running()) return {lives_, 0};
  const std::string name = "\ndmp_local_registry_taken_over_total ";
  const std::string text = life_->metrics.text();
  const std::size_t at = text.find(name);
  DMP_CHECK(at != std::string::npos);
  return {lives_, std::stoi(text.substr(at + name.size()))};
}

SimTime Router::next_turn() const {
  if (!is_running()) return kNever;
  const local::Agent& agent = *life_->agent;
  const auto rested = std::chrono::duration_cast<SimTime>(agent.rests_until() - kSteadyBegin);
  // A turn takes time.
  const SimTime soonest = std::max(life_->last_turn + milliseconds(1), rested);
  if (life_->has_events) return std::max(soonest, timeline_.now());
  const SteadyTime due = life_->is_leaving ? agent.leave_by() : agent.next_turn();
  if (due == SteadyTime::max()) return kNever;
  return std::max({soonest, timeline_.now(),
                   std::chrono::duration_cast<SimTime>(due - kSteadyBegin) + SimTime(1)});
}

void Router::turn() {
  life_->has_events = false;
  life_->last_turn = timeline_.now();
  if (life_->is_leaving) return turn_leaving();
  life_->agent->turn();
  if (disk_.is_crashed() || publishes_left_ == 0) crash(true);
}

void Router::turn_leaving() {
  if (!life_->agent->has_left()) return;
  timeline_.tell(name_, "has left");
  const bool boots = life_->boots_after;
  end_life();
  if (boots) boot();
}

void Router::post(local::Event event) {
  if (!is_running()) return;
  DMP_CHECK(life_->events.try_push(std::move(event)));
  life_->has_events = true;
}

void Router::link_up() {
  if (!is_running()) return;
  life_->is_connected = true;
  post(local::UplinkConnected{});
}

void Router::link_lost(const std::string& why, bool taken_over) {
  if (!is_running()) return;
  timeline_.tell(name_, "connection lost: " + why);
  life_->is_connected = false;
  life_->subscribed.clear();
  post(local::UplinkLost{why, taken_over});
}

void Router::deliver(const std::string& topic, const std::string& payload) {
  if (!is_running() || !life_->subscribed.contains(topic)) return;
  timeline_.tell(name_, "is told " + topic + " " + payload);
  post(local::UplinkMessage{topic, heard(topic, payload)});
}

std::string Router::heard(const std::string& topic, const std::string& payload) const {
  if (plant_ != Plant::kReconnectsAtOwnWill || !topic.ends_with("/resync")) return payload;
  Resync resync = decode_resync(payload).value();
  ++resync.presence.us;  // above a Will now is what was at or above it
  return encode(resync);
}

std::int64_t Router::wall_us() const { return timeline_.true_us() + clock_error_.count(); }

Status Router::connect(const std::string&, const std::string& will_payload) {
  if (disk_.is_crashed()) return {};
  AgentPresence will = decode_agent_presence(will_payload, rae_).value();
  const Timestamp online{will.timestamp.us - 1};
  if (plant_ == Plant::kWillWithOwnStamp) will.timestamp = online;
  network_.disconnect(*this);  // a new attempt ends what it finds
  life_->is_connected = false;
  network_.connect(*this, encode(will), online);
  return {};
}

Status Router::subscribe(const std::string& topic) {
  life_->subscribed.insert(topic);
  return {};
}

std::string Router::planted(const local::Publish& message) const {
  if (plant_ != Plant::kRosterStampedAfterListing || !message.topic.ends_with("/roster")) {
    return message.payload;
  }
  Roster roster = decode_roster(message.payload, rae_).value();
  roster.sessions = disk_.listed_at(timeline_.now() - kListingLag);
  return encode(roster);
}

Status Router::publish(const local::Publish& message) {
  if (disk_.is_crashed() || publishes_left_ == 0) return {};
  if (publishes_left_ > 0) --publishes_left_;
  const int answer = network_.publish(*this, message.topic, planted(message), message.correlation);
  if (answer == Network::kNoAnswer) return {};
  const bool failed = answer >= local::kUplinkFailed;
  if (failed || message.tell_delivered) post(local::UplinkAnswered{message.id, answer});
  return {};
}

void Router::disconnect() { network_.disconnect(*this); }

void Router::abandon() { network_.vanished(*this, milliseconds(1)); }

SessionId Router::new_session() { return SessionId(bytes_of(dice_.next(), dice_.next())); }

DeviceId Router::device_id(std::string_view name) {
  return DeviceId(bytes_of(std::hash<std::string_view>()(name), 5));
}

}  // namespace dmp::simulation
