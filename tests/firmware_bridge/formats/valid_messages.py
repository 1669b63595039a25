"""Of each format one valid message, with the topic, headers and maps that make it so."""

PM25 = {"quantity": "pm25", "unit": "µg/m³"}
BOX = "5c1a7e42b9f03d6688aa10c"

# Of each format one valid message, with the topic, headers and maps that make it so.
VALID: dict[str, tuple[bytes, str, dict[str, str], dict[str, object]]] = {
    "airgradient": (
        b'{"pm01":5.4,"pm02":11.2,"rhum":66.4,"rco2":431,"pm003Count":10,"wifi":-62,"boot":3,"model":"I-9PSL",'
        b'"serialno":"a1b2c3d4e5f6","channels":{"1":{"pm02":1},"2":{"pm02":2}}}',
        "airgradient/readings/a1b2c3d4e5f6",
        {},
        {},
    ),
    "senml": (
        b'[{"bn":"urn:dev:mac:a1:","bt":1772355600,"bu":"ug/m3","n":"pm25:cf1","v":11.4},{"n":"pm10","t":-60,"v":1},'
        b'{"n":"temperature","u":"K","v":280},{"n":"battery","u":"%EL","v":76}]',
        "senml/urn:dev:mac:a1",
        {},
        {},
    ),
    "airrohr": (
        b'{"esp8266id":"7654321","software_version":"NRZ-2024-135","age":"3","sensordatavalues":['
        b'{"value_type":"SDS_P1","value":"17.25"},{"value_type":"BME280_pressure","value":"98730.55"},'
        b'{"value_type":"temperature","value":"6.8"},{"value_type":"BME280_temperature","value":"7"},'
        b'{"value_type":"GPS_lat","value":"45.7"},{"value_type":"GPS_lon","value":"4.8"},'
        b'{"value_type":"signal","value":"-67 dBm"},{"value_type":"interval","value":"145000"}]}',
        "/v1/push-sensor-data/",
        {"X-Sensor": "esp8266-7654321", "X-PIN": "1"},
        {},
    ),
    "smart_citizen": (
        b"{t:2026-03-01T09:00:00Z,10:74,14:35,55:8.12,125:45.7,126:4.8,128:1,206:null}",
        "device/sck/a1b2c3/readings/raw",
        {},
        {},
    ),
    "opensensemap": (
        b'{"%s7":"11.4","%s8":["17.2","2026-03-01T09:00:00Z",{"lat":45.76,"lng":4.84}]}'
        % (BOX.encode(), BOX.encode()),
        f"/boxes/{BOX}0/data",
        {},
        {"version": 1, "fields": {f"{BOX}7": PM25, f"{BOX}8": {"quantity": "pm10"}}},
    ),
    "ttn": (
        b'{"end_device_ids":{"dev_eui":"70B3D57ED0001A2B"},"uplink_message":{"session_key_id":"AY","f_cnt":318,'
        b'"frm_payload":"AWf/3QJojwNzJ2cEAgR0","decoded_payload":{"temperature_1":-3.5,"pm2.5":11,'
        b'"pm10_mass_concentration":{"value":3,"unit":"ug/m3"},"gps_3":{"latitude":45.7,"longitude":4.8}},'
        b'"normalized_payload":[{"air":{"co2":500}}],"rx_metadata":[{"time":"2026-03-01T09:00:01.105Z","rssi":-97}]}}',
        "v3/capto@ttn/devices/capto-021/up",
        {},
        {},
    ),
    "chirpstack": (
        b'{"deduplicationId":"5f0c","time":"2026-03-01T09:00:01.105332110+00:00","deviceInfo":'
        b'{"deviceProfileName":"x","devEui":"70b3d57ed0001a2c"},"data":"AWf/3QJojwNzJ2cEAgR0","object":'
        b'{"temperatureSensor":{"1":-3.5},"gpsLocation":{"5":{"latitude":45.7,"longitude":4.8}}},"rxInfo":[{"rssi":-1}]}',
        "application/0b6f/device/70b3d57ed0001a2c/event/up",
        {},
        {},
    ),
    "tasmota": (
        b'{"Time":"2026-03-01T10:00:00","BME280":{"Temperature":6.8,"Pressure":987.3},"PMS5003":{"CF1":6,"PB0.3":1210},'
        b'"SCD40":{"eCO2":3,"Temperature":5},"PressureUnit":"hPa","TempUnit":"C"}',
        "tele/capto-017/SENSOR",
        {},
        {},
    ),
    "esphome": (b"11.4", "capto-017/sensor/pm_2_5um/state", {}, {}),
    "zigbee2mqtt": (
        b'{"pm25":14,"voc_index":132,"pressure":987,"voltage":3000,"linkquality":84,"device":{"model":"x"},'
        b'"last_seen":"2026-03-01T09:00:00.000Z"}',
        "zigbee2mqtt/salon/capto-017",
        {},
        {},
    ),
    "purpleair": (
        b'{"SensorId":"84:f3:eb:1:2a:9","DateTime":"2026/03/01T09:00:13z","current_temp_f":48,"current_temp_f_680":49,'
        b'"pm2_5_cf_1":11.40,"pm2_5_cf_1_b":1.95,"p_0_3_um":1180.4,"rssi":-66,"place":"outside"}',
        "/ingest/purpleair",
        {},
        {},
    ),
    "airbeam": (bytes.fromhex("abba000269a40010024148000069a4001004427c000022"), "", {}, {}),
    "opensensemap_other": (
        f"{BOX}7,11.4\n{BOX}8,17.2,2026-03-01T09:00:00Z,4.84,45.76,173.0\n".encode(),
        f"/boxes/{BOX}0/data",
        {"content-type": "text/csv"},
        {"version": 1, "fields": {f"{BOX}7": PM25, f"{BOX}8": {"quantity": "pm10"}}},
    ),
    "ha_discovery": (
        '{"stat_t":"~/state","~":"c","dev_cla":"pm25","unit_of_meas":"µg/m³","val_tpl":"{{ value_json.a.b }}",'
        '"dev":{"ids":["capto017"],"mdl":"ESP32"}}'.encode(),
        "homeassistant/sensor/capto017/pm25/config",
        {},
        {},
    ),
    "canairio": (
        b'{"id":"CAPTO017","ver":"0.7.6","CO2":"512","co2tmp":3,"temperature":"0","pm25":11,"pm10":0,"VBat":"3.91"}',
        "measurement",
        {},
        {},
    ),
    "cayenne_lpp": (
        bytes.fromhex("0167ffdd02688f0373276704020474058806fb8000bd10004394"),
        "lpp/capto-021",
        {},
        {},
    ),
    "meshtastic": (
        bytes.fromhex("0d1000a469220808041009180d2808"),
        "msh/EU_868/2/e/LongFast/!0000beef",
        {},
        {},
    ),
    "homie": (
        b"11.4",
        "homie/5/capto-017/air/pm25",
        {},
        {"version": 1, "fields": {"air/pm25": PM25}},
    ),
    "sensorthings": (
        b'{"phenomenonTime":"2026-03-01T08:00:00Z/2026-03-01T09:00:00Z","result":11.4,"Datastream":{"@iot.id":87},'
        b'"resultQuality":"good","parameters":{"firmware":"3.3.9"}}',
        "v1.1/Observations",
        {},
        {"version": 1, "fields": {"87": PM25}},
    ),
    "airbeam_realtime": (
        b'{"data":"{\\"sensor_package_name\\":\\"AirBeam3-a1\\",\\"sensor_name\\":\\"AirBeam3-F\\",\\"measurements\\":'
        b'[{\\"longitude\\":4.84,\\"latitude\\":45.76,\\"time\\":\\"2026-03-01T10:00:00\\",\\"milliseconds\\":5,'
        b'\\"value\\":11}]}","compression":false}',
        "/api/realtime/measurements",
        {},
        {},
    ),
    "nebuleair": (
        b'{"capteurID":"n7","data":[{"sondeID":"NPM1","PM1":5.1,"PM25":10.8,"err":"010"},{"PM1":0.0,"PM25":0,"PM10":0}]}\r',
        "/pro_LTE.php",
        {},
        {},
    ),
    "thingsboard": (
        b'[{"ts":1772355600000,"values":{"pm25":11.4}},{"ts":1772355660,"values":{"pm25":11.7}},{"pm25":1}]',
        "v1/devices/me/telemetry",
        {},
        {"version": 1, "fields": {"pm25": PM25, "b": {"quantity": "battery_v", "unit": "mV"}}},
    ),
}
