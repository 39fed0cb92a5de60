IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'dbo') EXEC(N'CREATE SCHEMA [dbo]')
GO
IF OBJECT_ID(N'[dbo].[_sdc_load_ledger]', N'U') IS NULL CREATE TABLE [dbo].[_sdc_load_ledger] (
  [load_id] nvarchar(64) NULL,
  [run_id] nvarchar(64) NULL,
  [target] nvarchar(600) NULL,
  [content] nvarchar(64) NULL,
  [files] bigint NULL,
  [rows] bigint NULL,
  [committed_at] datetime2(7) NULL,
  [closed_at] datetime2(7) NULL
)
WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)
GO
SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE, IS_NULLABLE,
  CASE WHEN COLLATION_NAME <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) THEN COLLATION_NAME END AS COLLATION
FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'orders'
ORDER BY ORDINAL_POSITION
GO
IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'dbo') EXEC(N'CREATE SCHEMA [dbo]')
GO
IF OBJECT_ID(N'[dbo].[orders]', N'U') IS NULL CREATE TABLE [dbo].[orders] (
  [id] nvarchar(20) NULL
)
WITH (DISTRIBUTION = HASH([id]), CLUSTERED COLUMNSTORE INDEX)
GO
SELECT p.distribution_policy_desc, c.name
FROM sys.pdw_table_distribution_properties AS p
LEFT JOIN sys.pdw_column_distribution_properties AS d ON d.object_id = p.object_id AND d.distribution_ordinal > 0
LEFT JOIN sys.columns AS c ON c.object_id = d.object_id AND c.column_id = d.column_id
WHERE p.object_id = OBJECT_ID(N'[dbo].[orders]', N'U')
GO
SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE, IS_NULLABLE,
  CASE WHEN COLLATION_NAME <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) THEN COLLATION_NAME END AS COLLATION
FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'orders'
ORDER BY ORDINAL_POSITION
GO
SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE, IS_NULLABLE,
  CASE WHEN COLLATION_NAME <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) THEN COLLATION_NAME END AS COLLATION
FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'orders__items'
ORDER BY ORDINAL_POSITION
GO
SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE, IS_NULLABLE,
  CASE WHEN COLLATION_NAME <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) THEN COLLATION_NAME END AS COLLATION
FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'orders__items'
ORDER BY ORDINAL_POSITION
GO
IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'dbo') EXEC(N'CREATE SCHEMA [dbo]')
GO
IF OBJECT_ID(N'[dbo].[orders__items]', N'U') IS NULL CREATE TABLE [dbo].[orders__items] (
  [_sdc_source_key_id] nvarchar(20) NULL,
  [_sdc_level_0_id] bigint NULL,
  [sku] nvarchar(20) NULL
)
WITH (DISTRIBUTION = HASH([_sdc_source_key_id]), CLUSTERED COLUMNSTORE INDEX)
GO
SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE, IS_NULLABLE,
  CASE WHEN COLLATION_NAME <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) THEN COLLATION_NAME END AS COLLATION
FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'orders__items__sizes'
ORDER BY ORDINAL_POSITION
GO
SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE, IS_NULLABLE,
  CASE WHEN COLLATION_NAME <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) THEN COLLATION_NAME END AS COLLATION
FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'orders__items__sizes'
ORDER BY ORDINAL_POSITION
GO
IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'dbo') EXEC(N'CREATE SCHEMA [dbo]')
GO
IF OBJECT_ID(N'[dbo].[orders__items__sizes]', N'U') IS NULL CREATE TABLE [dbo].[orders__items__sizes] (
  [_sdc_source_key_id] nvarchar(20) NULL,
  [_sdc_level_0_id] bigint NULL,
  [_sdc_level_1_id] bigint NULL,
  [value] bigint NULL
)
WITH (DISTRIBUTION = HASH([_sdc_source_key_id]), CLUSTERED COLUMNSTORE INDEX)
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_82aacd3a_20260102030405_9d47561b]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_9d47561b]
GO
CREATE TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_9d47561b] (
  [_sdc_source_row] bigint NULL,
  [_sdc_level_0_id] bigint NULL,
  [sku] nvarchar(max) NULL,
  [_sdc_row] bigint NULL
)
WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)
GO
COPY INTO [dbo].[_sdc_stg_82aacd3a_20260102030405_9d47561b] ([_sdc_source_row] 1, [_sdc_level_0_id] 2, [sku] 3, [_sdc_row] 4)
FROM 'https://acct.blob.core.windows.net/stage/child/3'
WITH (FILE_TYPE = 'CSV', CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = 'a''key=='), COMPRESSION = 'Gzip', FIELDQUOTE = '"', FIELDTERMINATOR = ',', ROWTERMINATOR = '0x0A', ENCODING = 'UTF8', DATEFORMAT = 'ymd', MAXERRORS = 0)
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=copy table=orders__items')
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_9d47561b]
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_82aacd3a_20260102030405_e1194235]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_e1194235]
GO
CREATE TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_e1194235] (
  [_sdc_source_row] bigint NULL,
  [_sdc_level_0_id] bigint NULL,
  [_sdc_level_1_id] bigint NULL,
  [value] bigint NULL,
  [_sdc_row] bigint NULL
)
WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)
GO
COPY INTO [dbo].[_sdc_stg_82aacd3a_20260102030405_e1194235] ([_sdc_source_row] 1, [_sdc_level_0_id] 2, [_sdc_level_1_id] 3, [value] 4, [_sdc_row] 5)
FROM 'https://acct.blob.core.windows.net/stage/child/4'
WITH (FILE_TYPE = 'CSV', CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = 'a''key=='), COMPRESSION = 'Gzip', FIELDQUOTE = '"', FIELDTERMINATOR = ',', ROWTERMINATOR = '0x0A', ENCODING = 'UTF8', DATEFORMAT = 'ymd', MAXERRORS = 0)
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=copy table=orders__items__sizes')
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_e1194235]
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60]
GO
CREATE TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60] (
  [id] nvarchar(max) NULL,
  [_sdc_row] bigint NULL
)
WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)
GO
COPY INTO [dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60] ([id] 1, [_sdc_row] 2)
FROM 'https://acct.blob.core.windows.net/stage/a/00001.csv.gz'
WITH (FILE_TYPE = 'CSV', CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = 'a''key=='), COMPRESSION = 'Gzip', FIELDQUOTE = '"', FIELDTERMINATOR = ',', ROWTERMINATOR = '0x0A', ENCODING = 'UTF8', DATEFORMAT = 'ymd', MAXERRORS = 0)
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=copy table=orders')
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60]
GO
SELECT MIN([_sdc_row]), MAX([_sdc_row]) FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60]
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_82aacd3a_20260102030405_e57849e9]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_e57849e9]
GO
CREATE TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_e57849e9] WITH (DISTRIBUTION = ROUND_ROBIN, HEAP) AS
SELECT * FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60] WHERE ([_sdc_row] > 0 AND [_sdc_row] <= 1) OR [_sdc_row] IS NULL
OPTION (LABEL = N'target-synapse run=run1 load=load1-1 step=slice table=orders')
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_e57849e9]
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_load_ledger] WHERE [load_id] = N'load1-1'
GO
BEGIN TRANSACTION
GO
DELETE [dbo].[orders__items]
FROM [dbo].[orders__items] INNER JOIN [dbo].[_sdc_stg_82aacd3a_20260102030405_e57849e9] AS [_sdc_staged] ON [dbo].[orders__items].[_sdc_source_key_id] = CASE WHEN UNICODE([_sdc_staged].[id]) = 57344 THEN SUBSTRING([_sdc_staged].[id], 2, 2147483646) ELSE [_sdc_staged].[id] END
OPTION (LABEL = N'target-synapse run=run1 load=load1-1 step=delete table=orders__items')
GO
INSERT INTO [dbo].[orders__items] ([_sdc_source_key_id], [_sdc_level_0_id], [sku])
SELECT CAST(CASE WHEN UNICODE([_sdc_of_record].[id]) = 57344 THEN SUBSTRING([_sdc_of_record].[id], 2, 2147483646) ELSE [_sdc_of_record].[id] END AS nvarchar(20)), [_sdc_staged].[_sdc_level_0_id], CAST(CASE WHEN UNICODE([_sdc_staged].[sku]) = 57344 THEN SUBSTRING([_sdc_staged].[sku], 2, 2147483646) ELSE [_sdc_staged].[sku] END AS nvarchar(20))
FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_9d47561b] AS [_sdc_staged] INNER JOIN (SELECT [_sdc_staged].*, ROW_NUMBER() OVER (PARTITION BY CASE WHEN UNICODE([_sdc_staged].[id]) = 57344 THEN SUBSTRING([_sdc_staged].[id], 2, 2147483646) ELSE [_sdc_staged].[id] END ORDER BY [_sdc_staged].[_sdc_row] DESC) AS [_sdc_rank] FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_e57849e9] AS [_sdc_staged]) AS [_sdc_of_record] ON [_sdc_of_record].[_sdc_row] = [_sdc_staged].[_sdc_source_row]
WHERE [_sdc_of_record].[_sdc_rank] = 1
OPTION (LABEL = N'target-synapse run=run1 load=load1-1 step=insert table=orders__items')
GO
DELETE [dbo].[orders__items__sizes]
FROM [dbo].[orders__items__sizes] INNER JOIN [dbo].[_sdc_stg_82aacd3a_20260102030405_e57849e9] AS [_sdc_staged] ON [dbo].[orders__items__sizes].[_sdc_source_key_id] = CASE WHEN UNICODE([_sdc_staged].[id]) = 57344 THEN SUBSTRING([_sdc_staged].[id], 2, 2147483646) ELSE [_sdc_staged].[id] END
OPTION (LABEL = N'target-synapse run=run1 load=load1-1 step=delete table=orders__items__sizes')
GO
INSERT INTO [dbo].[orders__items__sizes] ([_sdc_source_key_id], [_sdc_level_0_id], [_sdc_level_1_id], [value])
SELECT CAST(CASE WHEN UNICODE([_sdc_of_record].[id]) = 57344 THEN SUBSTRING([_sdc_of_record].[id], 2, 2147483646) ELSE [_sdc_of_record].[id] END AS nvarchar(20)), [_sdc_staged].[_sdc_level_0_id], [_sdc_staged].[_sdc_level_1_id], [_sdc_staged].[value]
FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_e1194235] AS [_sdc_staged] INNER JOIN (SELECT [_sdc_staged].*, ROW_NUMBER() OVER (PARTITION BY CASE WHEN UNICODE([_sdc_staged].[id]) = 57344 THEN SUBSTRING([_sdc_staged].[id], 2, 2147483646) ELSE [_sdc_staged].[id] END ORDER BY [_sdc_staged].[_sdc_row] DESC) AS [_sdc_rank] FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_e57849e9] AS [_sdc_staged]) AS [_sdc_of_record] ON [_sdc_of_record].[_sdc_row] = [_sdc_staged].[_sdc_source_row]
WHERE [_sdc_of_record].[_sdc_rank] = 1
OPTION (LABEL = N'target-synapse run=run1 load=load1-1 step=insert table=orders__items__sizes')
GO
MERGE INTO [dbo].[orders] AS t
USING (SELECT CAST(CASE WHEN UNICODE([_sdc_staged].[id]) = 57344 THEN SUBSTRING([_sdc_staged].[id], 2, 2147483646) ELSE [_sdc_staged].[id] END AS nvarchar(20)) AS [id]
FROM (SELECT [_sdc_staged].*, ROW_NUMBER() OVER (PARTITION BY CASE WHEN UNICODE([_sdc_staged].[id]) = 57344 THEN SUBSTRING([_sdc_staged].[id], 2, 2147483646) ELSE [_sdc_staged].[id] END ORDER BY [_sdc_staged].[_sdc_row] DESC) AS [_sdc_rank] FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_e57849e9] AS [_sdc_staged]) AS [_sdc_staged]
WHERE [_sdc_staged].[_sdc_rank] = 1) AS [_sdc_staged]
ON t.[id] = [_sdc_staged].[id]
WHEN NOT MATCHED BY TARGET THEN INSERT ([id]) VALUES ([_sdc_staged].[id])
OPTION (LABEL = N'target-synapse run=run1 load=load1-1 step=merge table=orders');
GO
INSERT INTO [dbo].[_sdc_load_ledger] ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])
SELECT N'load1-1', N'run1', N'[dbo].[orders]', N'c0ffee:1', 2, 2, SYSUTCDATETIME()
OPTION (LABEL = N'target-synapse run=run1 load=load1-1 step=ledger table=orders')
GO
COMMIT TRANSACTION
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_82aacd3a_20260102030405_e57849e9]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_e57849e9]
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_82aacd3a_20260102030405_3164b007]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_3164b007]
GO
CREATE TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_3164b007] WITH (DISTRIBUTION = ROUND_ROBIN, HEAP) AS
SELECT * FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60] WHERE ([_sdc_row] > 1 AND [_sdc_row] <= 2)
OPTION (LABEL = N'target-synapse run=run1 load=load1-2 step=slice table=orders')
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_3164b007]
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_load_ledger] WHERE [load_id] = N'load1-2'
GO
BEGIN TRANSACTION
GO
DELETE [dbo].[orders__items]
FROM [dbo].[orders__items] INNER JOIN [dbo].[_sdc_stg_82aacd3a_20260102030405_3164b007] AS [_sdc_staged] ON [dbo].[orders__items].[_sdc_source_key_id] = CASE WHEN UNICODE([_sdc_staged].[id]) = 57344 THEN SUBSTRING([_sdc_staged].[id], 2, 2147483646) ELSE [_sdc_staged].[id] END
OPTION (LABEL = N'target-synapse run=run1 load=load1-2 step=delete table=orders__items')
GO
INSERT INTO [dbo].[orders__items] ([_sdc_source_key_id], [_sdc_level_0_id], [sku])
SELECT CAST(CASE WHEN UNICODE([_sdc_of_record].[id]) = 57344 THEN SUBSTRING([_sdc_of_record].[id], 2, 2147483646) ELSE [_sdc_of_record].[id] END AS nvarchar(20)), [_sdc_staged].[_sdc_level_0_id], CAST(CASE WHEN UNICODE([_sdc_staged].[sku]) = 57344 THEN SUBSTRING([_sdc_staged].[sku], 2, 2147483646) ELSE [_sdc_staged].[sku] END AS nvarchar(20))
FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_9d47561b] AS [_sdc_staged] INNER JOIN (SELECT [_sdc_staged].*, ROW_NUMBER() OVER (PARTITION BY CASE WHEN UNICODE([_sdc_staged].[id]) = 57344 THEN SUBSTRING([_sdc_staged].[id], 2, 2147483646) ELSE [_sdc_staged].[id] END ORDER BY [_sdc_staged].[_sdc_row] DESC) AS [_sdc_rank] FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_3164b007] AS [_sdc_staged]) AS [_sdc_of_record] ON [_sdc_of_record].[_sdc_row] = [_sdc_staged].[_sdc_source_row]
WHERE [_sdc_of_record].[_sdc_rank] = 1
OPTION (LABEL = N'target-synapse run=run1 load=load1-2 step=insert table=orders__items')
GO
DELETE [dbo].[orders__items__sizes]
FROM [dbo].[orders__items__sizes] INNER JOIN [dbo].[_sdc_stg_82aacd3a_20260102030405_3164b007] AS [_sdc_staged] ON [dbo].[orders__items__sizes].[_sdc_source_key_id] = CASE WHEN UNICODE([_sdc_staged].[id]) = 57344 THEN SUBSTRING([_sdc_staged].[id], 2, 2147483646) ELSE [_sdc_staged].[id] END
OPTION (LABEL = N'target-synapse run=run1 load=load1-2 step=delete table=orders__items__sizes')
GO
INSERT INTO [dbo].[orders__items__sizes] ([_sdc_source_key_id], [_sdc_level_0_id], [_sdc_level_1_id], [value])
SELECT CAST(CASE WHEN UNICODE([_sdc_of_record].[id]) = 57344 THEN SUBSTRING([_sdc_of_record].[id], 2, 2147483646) ELSE [_sdc_of_record].[id] END AS nvarchar(20)), [_sdc_staged].[_sdc_level_0_id], [_sdc_staged].[_sdc_level_1_id], [_sdc_staged].[value]
FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_e1194235] AS [_sdc_staged] INNER JOIN (SELECT [_sdc_staged].*, ROW_NUMBER() OVER (PARTITION BY CASE WHEN UNICODE([_sdc_staged].[id]) = 57344 THEN SUBSTRING([_sdc_staged].[id], 2, 2147483646) ELSE [_sdc_staged].[id] END ORDER BY [_sdc_staged].[_sdc_row] DESC) AS [_sdc_rank] FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_3164b007] AS [_sdc_staged]) AS [_sdc_of_record] ON [_sdc_of_record].[_sdc_row] = [_sdc_staged].[_sdc_source_row]
WHERE [_sdc_of_record].[_sdc_rank] = 1
OPTION (LABEL = N'target-synapse run=run1 load=load1-2 step=insert table=orders__items__sizes')
GO
MERGE INTO [dbo].[orders] AS t
USING (SELECT CAST(CASE WHEN UNICODE([_sdc_staged].[id]) = 57344 THEN SUBSTRING([_sdc_staged].[id], 2, 2147483646) ELSE [_sdc_staged].[id] END AS nvarchar(20)) AS [id]
FROM (SELECT [_sdc_staged].*, ROW_NUMBER() OVER (PARTITION BY CASE WHEN UNICODE([_sdc_staged].[id]) = 57344 THEN SUBSTRING([_sdc_staged].[id], 2, 2147483646) ELSE [_sdc_staged].[id] END ORDER BY [_sdc_staged].[_sdc_row] DESC) AS [_sdc_rank] FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_3164b007] AS [_sdc_staged]) AS [_sdc_staged]
WHERE [_sdc_staged].[_sdc_rank] = 1) AS [_sdc_staged]
ON t.[id] = [_sdc_staged].[id]
WHEN NOT MATCHED BY TARGET THEN INSERT ([id]) VALUES ([_sdc_staged].[id])
OPTION (LABEL = N'target-synapse run=run1 load=load1-2 step=merge table=orders');
GO
INSERT INTO [dbo].[_sdc_load_ledger] ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])
SELECT N'load1-2', N'run1', N'[dbo].[orders]', N'c0ffee=2', 2, 2, SYSUTCDATETIME()
OPTION (LABEL = N'target-synapse run=run1 load=load1-2 step=ledger table=orders')
GO
COMMIT TRANSACTION
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_82aacd3a_20260102030405_3164b007]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_3164b007]
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_82aacd3a_20260102030405_9d47561b]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_9d47561b]
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_82aacd3a_20260102030405_e1194235]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_e1194235]
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60]
GO
UPDATE [dbo].[_sdc_load_ledger] SET [closed_at] = SYSUTCDATETIME() WHERE [closed_at] IS NULL AND [target] IN (N'[dbo].[orders]')
OPTION (LABEL = N'target-synapse run=run1 step=close')
